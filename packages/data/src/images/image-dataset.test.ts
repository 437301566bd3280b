import { describe, expect, it } from "vitest";
import type { NamedFile } from "../files.ts";
import { type ImagesOptions, images } from "./image-dataset.ts";

// The "decoder" of these tests takes the first two bytes for height and width, and the third for the level of every pixel.
const decode: NonNullable<ImagesOptions["decode"]> = async ([height = 0, width = 0, level = 0]) => ({
  height,
  width,
  pixels: Uint8Array.from({ length: height * width * 4 }, (_, i) => (i % 4 === 3 ? 255 : level)),
});
const file = (path: string, ...bytes: number[]): NamedFile => ({ path, read: async () => Uint8Array.from(bytes) });
const folder = (...files: NamedFile[]) => ({ folder: async () => files, decode });

describe("a dataset out of folders of images", () => {
  it("has a class per folder, in the order of their names", async () => {
    const data = images({
      ...folder(file("dog/1.png", 1, 2, 50), file("cat/x/7.JPG", 1, 2, 20), file("cat/notes.txt")),
      color: "grey",
    });
    expect(await data.classNames()).toEqual(["cat", "dog"]);
    expect((await data.load()).classNames).toEqual(["cat", "dog"]);
    expect(await data.train.take(2)).toEqual({
      inputs: { dtype: "uint8", shape: [2, 1, 1, 2], data: Uint8Array.of(20, 20, 50, 50) },
      targets: { dtype: "int32", shape: [2], data: Int32Array.of(0, 1) },
    });
  });

  it("takes its parts from folders called train, test and validation", async () => {
    const data = images(
      folder(
        file("train/a/1.png", 1, 1, 1),
        file("train/b/1.png", 1, 1, 2),
        file("test/b/2.png", 1, 1, 3),
        file("val/a/3.png", 1, 1, 4),
      ),
    );
    expect((await data.train.load()).samples).toBe(2);
    expect(await data.test.take(1)).toMatchObject({
      inputs: { shape: [1, 3, 1, 1], data: Uint8Array.of(3, 3, 3) },
      targets: { data: Int32Array.of(1) },
    });
    expect((await data.validation.take(1)).inputs?.data[0]).toBe(4);
  });

  it("or at random, by seed", async () => {
    const files = Array.from({ length: 20 }, (_, i) => file(`${i % 2}/${i}.png`, 1, 1, i));
    const data = images({ ...folder(...files), test: 0.25, validation: 0.1, seed: 1 });
    const { train, validation, test } = await data.load();
    expect([train.samples, validation?.samples, test.samples]).toEqual([13, 2, 5]);
  });

  it("resizes to one size, and asks for it where images differ", async () => {
    const mixed = folder(file("a/1.png", 2, 2, 10), file("b/2.png", 4, 2, 30));
    await expect(images(mixed).load()).rejects.toThrow(
      "b/2.png is 4 x 2, others are 2 x 2: name the size that all shall get",
    );
    const data = images({ ...mixed, size: [1, 1], color: "grey" });
    expect((await data.train.take(2)).inputs?.data).toEqual(Uint8Array.of(10, 30));
  });

  it("reads another folder with the same options", async () => {
    const data = images({ ...folder(file("a/1.png", 1, 1, 10)), color: "grey" });
    expect((await data.withFolder(async () => [file("b/1.png", 1, 1, 11)]).train.take(1)).inputs?.data).toEqual(
      Uint8Array.of(11),
    );
  });

  it("is refused without images, without folders of classes, and with a class that training lacks", async () => {
    await expect(images(folder(file("readme.txt"))).load()).rejects.toThrow(
      "There is no PNG or JPEG image in the folder",
    );
    await expect(images(folder(file("1.png"))).load()).rejects.toThrow("1.png is in no folder of a class");
    await expect(images(folder(file("train/a/1.png", 1, 1, 1), file("test/b/1.png", 1, 1, 1))).load()).rejects.toThrow(
      "test/b/1.png is of a class that has no training image: the classes are a",
    );
    await expect(images(folder(file("test/a/1.png", 1, 1, 1))).load()).rejects.toThrow(
      "is of a class that has no training image",
    );
  });

  it("names the file that cannot be decoded", async () => {
    const bytes = file("a/1.png", 1, 2, 3);
    await expect(images({ folder: async () => [bytes] }).load()).rejects.toThrow(
      "a/1.png: The file begins as neither PNG nor JPEG does",
    );
    await expect(images({ folder: "no/such/folder" }).load()).rejects.toThrow(
      "The folder no/such/folder cannot be read",
    );
  });
});
