/** Whether every object has a property of this name, so that looking it up in a record finds what nobody put there. */
export function isObjectProperty(name: string): boolean {
  return name in Object.prototype;
}
