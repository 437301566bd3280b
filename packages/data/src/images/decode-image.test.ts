import { describe, expect, it } from "vitest";
import { decodeImage } from "./decode-image.ts";
import { type ImageForm, renderImageInto } from "./resize.ts";

const bytesOf = (base64: string) => new Uint8Array(Buffer.from(base64, "base64"));
const decode = (base64: string) => decodeImage(bytesOf(base64));

// Files written by Pillow 9.4, but for PALETTE, which was put together by hand.
// Red, green, blue; (10, 20, 30), white, black.
const RGB =
  "iVBORw0KGgoAAAANSUhEUgAAAAMAAAACCAIAAAASFvFNAAAAGElEQVR4nGP4z8DAAMFcInL///9nYGAAAD2kBje+XFOFAAAAAElFTkSuQmCC";
// One bit a pixel: black, white, black, white, white; white, white, black, black, black.
const BITS = "iVBORw0KGgoAAAANSUhEUgAAAAUAAAACAQAAAAC4ESvwAAAADElEQVR4nGOIYDgAAAHMARlKtLX8AAAAAElFTkSuQmCC";
// Two bits a pixel over red, green (opacity 128) and blue: 0 1 2; 2 0 1.
const PALETTE =
  "iVBORw0KGgoAAAANSUhEUgAAAAMAAAACAgMAAADgGo6JAAAACVBMVEX/AAAA/wAAAP8tSs2KAAAAAnRSTlP/gAgPs2oAAAAMSURBVHicY5BgaAEAANAAnetrJI4AAAAASUVORK5CYII=";
// 16 bits of grey: 0, 65535, 7 * 256 + 3.
const GREY_16 = "iVBORw0KGgoAAAANSUhEUgAAAAMAAAABEAAAAABuG5crAAAAD0lEQVR4nGNgYPj/n50ZAAcRAgku2ySMAAAAAElFTkSuQmCC";
// Grey 200, 200, 100 with opacity 255, 0, 128.
const GREY_ALPHA = "iVBORw0KGgoAAAANSUhEUgAAAAMAAAABCAQAAACx6dw/AAAAD0lEQVR4nGM88Z+BcU4DAAt0AuaeKlw3AAAAAElFTkSuQmCC";
// 8 x 8, the left half (200, 40, 40), the right half (40, 40, 200).
const BASELINE =
  "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAIBAQEBAQIBAQECAgICAgQDAgICAgUEBAMEBgUGBgYFBgYGBwkIBgcJBwYGCAsICQoKCgoKBggLDAsKDAkKCgr/2wBDAQICAgICAgUDAwUKBwYHCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgr/wAARCAAIAAgDAREAAhEBAxEB/8QAHwAAAQUBAQEBAQEAAAAAAAAAAAECAwQFBgcICQoL/8QAtRAAAgEDAwIEAwUFBAQAAAF9AQIDAAQRBRIhMUEGE1FhByJxFDKBkaEII0KxwRVS0fAkM2JyggkKFhcYGRolJicoKSo0NTY3ODk6Q0RFRkdISUpTVFVWV1hZWmNkZWZnaGlqc3R1dnd4eXqDhIWGh4iJipKTlJWWl5iZmqKjpKWmp6ipqrKztLW2t7i5usLDxMXGx8jJytLT1NXW19jZ2uHi4+Tl5ufo6erx8vP09fb3+Pn6/8QAHwEAAwEBAQEBAQEBAQAAAAAAAAECAwQFBgcICQoL/8QAtREAAgECBAQDBAcFBAQAAQJ3AAECAxEEBSExBhJBUQdhcRMiMoEIFEKRobHBCSMzUvAVYnLRChYkNOEl8RcYGRomJygpKjU2Nzg5OkNERUZHSElKU1RVVldYWVpjZGVmZ2hpanN0dXZ3eHl6goOEhYaHiImKkpOUlZaXmJmaoqOkpaanqKmqsrO0tba3uLm6wsPExcbHyMnK0tPU1dbX2Nna4uPk5ebn6Onq8vP09fb3+Pn6/9oADAMBAAIRAxEAPwD4j+Nv/MM/7bf+06/avoe/8zv/ALlv/dg/ob6VP/Mn/wC5j/3Af//Z";
const PROGRESSIVE =
  "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAIBAQEBAQIBAQECAgICAgQDAgICAgUEBAMEBgUGBgYFBgYGBwkIBgcJBwYGCAsICQoKCgoKBggLDAsKDAkKCgr/2wBDAQICAgICAgUDAwUKBwYHCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgr/wgARCAAIAAgDAREAAhEBAxEB/8QAFAABAAAAAAAAAAAAAAAAAAAAB//EABUBAQEAAAAAAAAAAAAAAAAAAAYH/9oADAMBAAIQAxAAAAERa0P/xAAVEAEBAAAAAAAAAAAAAAAAAAAABf/aAAgBAQABBQK2/8QAGBEAAgMAAAAAAAAAAAAAAAAAAAdEg8L/2gAIAQMBAT8BakOzB//EABgRAAIDAAAAAAAAAAAAAAAAAAAHRIPD/9oACAECAQE/AU9Nr0P/xAAXEAADAQAAAAAAAAAAAAAAAAAAA4HB/9oACAEBAAY/Al3D/8QAFBABAAAAAAAAAAAAAAAAAAAAAP/aAAgBAQABPyE3/9oADAMBAAIAAwAAABAf/8QAFBEBAAAAAAAAAAAAAAAAAAAAAP/aAAgBAwEBPxBP/8QAFBEBAAAAAAAAAAAAAAAAAAAAAP/aAAgBAgEBPxA3/8QAFBABAAAAAAAAAAAAAAAAAAAAAP/aAAgBAQABPxBn/9k=";

describe("a PNG image", () => {
  it("has red, green, blue and opacity", async () => {
    const white = [255, 255, 255, 255];
    expect(await decode(RGB)).toEqual({
      width: 3,
      height: 2,
      pixels: Uint8Array.of(255, 0, 0, 255, 0, 255, 0, 255, 0, 0, 255, 255, 10, 20, 30, 255, ...white, 0, 0, 0, 255),
    });
  });

  it("may have fewer bits a pixel, a palette, or 16 bits, which are cut to 8", async () => {
    const firstChannel = async (base64: string) => [...(await decode(base64)).pixels].filter((_, i) => i % 4 === 0);
    expect(await firstChannel(BITS)).toEqual([0, 255, 0, 255, 255, 255, 255, 0, 0, 0]);
    expect(await firstChannel(GREY_16)).toEqual([0, 255, 7]);
    const [red, green, blue] = [
      [255, 0, 0, 255],
      [0, 255, 0, 128],
      [0, 0, 255, 255],
    ];
    expect((await decode(PALETTE)).pixels).toEqual(Uint8Array.from([red, green, blue, blue, red, green].flat()));
  });

  it("may be transparent", async () => {
    expect((await decode(GREY_ALPHA)).pixels).toEqual(
      Uint8Array.of(200, 200, 200, 255, 200, 200, 200, 0, 100, 100, 100, 128),
    );
  });
});

describe("a JPEG image", () => {
  it.each([
    ["baseline", BASELINE],
    ["progressive", PROGRESSIVE],
  ])("that is %s is decoded within 6 levels of what was packed", async (_, base64) => {
    const { width, height, pixels } = await decode(base64);
    expect([width, height]).toEqual([8, 8]);
    for (let i = 0; i < 64; i += 1) {
      const expected = i % 8 < 4 ? [200, 40, 40, 255] : [40, 40, 200, 255];
      const found = [...pixels.subarray(i * 4, i * 4 + 4)];
      expect(Math.max(...found.map((level, c) => Math.abs(level - (expected[c] ?? 0))))).toBeLessThanOrEqual(6);
    }
  });
});

describe("an image is refused", () => {
  it("when it is neither, cut off, broken, or too large", async () => {
    await expect(decodeImage(Uint8Array.of(1, 2, 3))).rejects.toThrow("begins as neither PNG nor JPEG does");
    await expect(decodeImage(bytesOf(RGB).subarray(0, 20))).rejects.toThrow("ends in its header");
    await expect(decodeImage(bytesOf(RGB).subarray(0, 50))).rejects.toThrow("The PNG image is broken");
    await expect(decodeImage(bytesOf(BASELINE).subarray(0, 300))).rejects.toThrow("The JPEG image is broken");
    const damaged = bytesOf(RGB);
    damaged[45] = (damaged[45] ?? 0) ^ 255;
    await expect(decodeImage(damaged)).rejects.toThrow("The PNG image is broken");
    const huge = bytesOf(RGB);
    huge.set([0, 1, 0, 0, 0, 1, 0, 0], 16);
    await expect(decodeImage(huge)).rejects.toThrow("The image has 65536 x 65536 pixels");
  });
});

describe("a picture as a sample", () => {
  const form = (height: number, width: number, rest: Partial<ImageForm> = {}): ImageForm => ({
    height,
    width,
    color: "grey",
    fit: "stretch",
    background: 0,
    ...rest,
  });
  const grey = (rows: readonly (readonly number[])[]) => ({
    width: rows[0]?.length ?? 0,
    height: rows.length,
    pixels: Uint8Array.from(rows.flat().flatMap((level) => [level, level, level, 255])),
  });
  const render = (image: Parameters<typeof renderImageInto>[1], wanted: ImageForm) => {
    const target = new Uint8Array((wanted.color === "grey" ? 1 : 3) * wanted.height * wanted.width);
    renderImageInto(target, image, wanted);
    return [...target];
  };

  it("has its colours one after the other, or grey by their luminance as Pillow's mode L", async () => {
    const image = await decode(RGB);
    expect(render(image, form(2, 3, { color: "rgb" }))).toEqual([
      ...[255, 0, 0, 10, 255, 0],
      ...[0, 255, 0, 20, 255, 0],
      ...[0, 0, 255, 30, 255, 0],
    ]);
    expect(render(image, form(2, 3))).toEqual([76, 150, 29, 18, 255, 0]);
  });

  it("shows the background through what is transparent", async () => {
    const image = await decode(GREY_ALPHA);
    // 100 * 128 / 255 + background * 127 / 255
    expect(render(image, form(1, 3))).toEqual([200, 0, 50]);
    expect(render(image, form(1, 3, { background: 255 }))).toEqual([200, 255, 177]);
  });

  it("is the mean of what falls together when it shrinks to one pixel", () => {
    expect(
      render(
        grey([
          [0, 100],
          [50, 250],
        ]),
        form(1, 1),
      ),
    ).toEqual([100]);
  });

  // Random levels, and what Pillow 9.4 makes of them with resize(..., Image.BILINEAR).
  const random = grey([
    [171, 206, 5, 206, 120, 131, 161],
    [73, 250, 13, 71, 98, 146, 104],
    [33, 11, 0, 12, 38, 255, 48],
    [167, 192, 60, 72, 111, 67, 249],
    [45, 229, 204, 216, 29, 100, 160],
  ]);
  it.each([
    [
      2,
      3,
      [
        [114, 86, 131],
        [124, 97, 128],
      ],
    ],
    [
      4,
      4,
      [
        [170, 95, 135, 140],
        [94, 47, 89, 128],
        [110, 55, 84, 152],
        [142, 182, 95, 137],
      ],
    ],
    [
      3,
      7,
      [
        [129, 225, 8, 148, 111, 137, 137],
        [72, 104, 16, 38, 68, 189, 105],
        [97, 213, 142, 154, 64, 86, 198],
      ],
    ],
    [
      8,
      10,
      [
        [171, 190, 156, 15, 136, 176, 121, 128, 145, 161],
        [128, 181, 171, 19, 99, 134, 112, 131, 137, 136],
        [71, 161, 180, 24, 48, 76, 97, 138, 129, 101],
        [46, 68, 65, 9, 21, 39, 65, 180, 151, 66],
        [75, 71, 55, 22, 27, 41, 68, 163, 158, 111],
        [159, 171, 150, 63, 64, 82, 105, 86, 150, 236],
        [98, 161, 195, 145, 149, 123, 66, 80, 137, 199],
        [45, 146, 223, 205, 212, 151, 33, 82, 127, 160],
      ],
    ],
  ])("gets %i x %i pixels as Pillow's bilinear filter gives them", (height, width, expected) => {
    expect(render(random, form(height, width))).toEqual(expected.flat());
  });

  it("is cut to its middle where that keeps its proportions", () => {
    expect(render(random, form(3, 3, { fit: "cover" }))).toEqual([132, 109, 128, 67, 40, 133, 172, 132, 92]);
  });
});
