// What each layer of the digit network makes of a digit, as pictures. Run it with: node examples/representations.ts [folder]
// Expected: after half a minute's training (98.9% of the test digits), three PNG files of together 50 KB in docs/representations.
import { mkdir, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { encodePng, type FitOptions, fit, type GreyImage, imageGrid, type Run } from "tributary";
import digitsRun from "./digits.run.ts";

/** Layers that are shown, with pixels for each element so that all come out about as large. */
const LAYERS = { "1": 2, "2": 4, "4": 4, "5": 8, "8": 14, "10": 15, "11": 16 };
const INPUT_SCALE = 6;
/** White, in pixels, between pictures. */
const MARGIN = 12;

/** Pictures side by side on white, each in the middle of the height. */
function besides(pictures: readonly GreyImage[]): GreyImage {
  const height = Math.max(...pictures.map((picture) => picture.height));
  const width = pictures.reduce((sum, picture) => sum + picture.width + MARGIN, -MARGIN);
  const pixels = new Uint8Array(width * height).fill(255);
  let left = 0;
  for (const picture of pictures) {
    const top = Math.floor((height - picture.height) / 2);
    for (let y = 0; y < picture.height; y += 1) {
      const row = picture.pixels.subarray(y * picture.width, (y + 1) * picture.width);
      pixels.set(row, (top + y) * width + left);
    }
    left += picture.width + MARGIN;
  }
  return { width, height, pixels };
}

/** One picture for each digit: the digit, the layers, and which pixels speak for its class. @returns PNG files by name */
export async function pictures(run: Run, digits: readonly number[], options: FitOptions = {}) {
  const { model } = await fit(run, options);
  const { inputs, targets } = await run.data.test.take(100);
  if (inputs === undefined || targets === undefined) throw new Error("The data has no digits");
  const layers = await model.activations(inputs);
  const saliency = await model.saliency(inputs, targets.data);
  const shown = digits.map((digit) => {
    const sample = targets.data.indexOf(digit);
    const drawn = imageGrid({ ...inputs, data: Float32Array.from(inputs.data) }, { sample, scale: INPUT_SCALE });
    const insides = Object.entries(LAYERS).flatMap(([path, scale]) => {
      const outputs = layers.get(path);
      // The outputs of the classes 0 to 9 stand under each other.
      const columns = path === "11" ? { columns: 1 } : {};
      return outputs === undefined ? [] : [imageGrid(outputs, { sample, scale, ...columns })];
    });
    const pixels = { ...saliency, data: saliency.data.map(Math.abs) };
    const important = imageGrid(pixels, { sample, scale: INPUT_SCALE });
    return [`digit-${digit}.png`, encodePng(besides([drawn, ...insides, important]))] as const;
  });
  return new Map(shown);
}

if (import.meta.main) {
  const folder = process.argv[2] ?? fileURLToPath(new URL("../docs/representations", import.meta.url));
  await mkdir(folder, { recursive: true });
  const files = await pictures(digitsRun, [2, 3, 8], { progress: true });
  for (const [name, bytes] of files) await writeFile(`${folder}/${name}`, bytes);
}
