/** The address of a module that the build makes ready to run as a thread of its own. */
declare module "*?worker&url" {
  const url: string;
  export default url;
}

/** Styles that the build takes out of the scripts, into files of their own. */
declare module "*.css" {}
