/** What finds the GPU in a page or a worker of a browser, and in Deno; Node has a navigator without it. */
declare const navigator: { readonly gpu?: GPU } | undefined;
