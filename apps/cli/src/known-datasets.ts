/** One file of a known dataset, pinned by its hash. */
export interface KnownFile {
  readonly name: string;
  readonly bytes: number;
  /** 64 lowercase hexadecimal digits. */
  readonly sha256: string;
  /** Tried one after the other. They need not be trusted: what does not have the hash is not kept. */
  readonly urls: readonly string[];
}

/** A dataset that can be fetched by its name. */
export interface KnownDataset {
  readonly about: string;
  readonly files: readonly KnownFile[];
  /** What is taken out of the one file, a .tar.gz archive, which is then removed. */
  readonly members?: readonly { readonly name: string; readonly bytes: number }[];
}

function filesAt(
  bases: readonly string[],
  rows: readonly (readonly [name: string, bytes: number, sha256: string])[],
): readonly KnownFile[] {
  return rows.map(([name, bytes, sha256]) => ({ name, bytes, sha256, urls: bases.map((base) => `${base}${name}`) }));
}

const CIFAR_BATCH_BYTES = 30_730_000;

/**
 * The datasets that the command knows. Sizes and hashes are those that TensorFlow Datasets pins (url_checksums/mnist.txt, fashion_mnist.txt and cifar10.txt,
 * datasets/tiny_shakespeare/checksums.tsv); the mirrors of MNIST are also torchvision's.
 */
export const KNOWN_DATASETS = {
  mnist: {
    about: "handwritten digits: 60,000 and 10,000 grey images of 28 x 28 (LeCun, Cortes, Burges; CC BY-SA 3.0)",
    files: filesAt(
      ["https://storage.googleapis.com/cvdf-datasets/mnist/", "https://ossci-datasets.s3.amazonaws.com/mnist/"],
      [
        ["train-images-idx3-ubyte.gz", 9_912_422, "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"],
        ["train-labels-idx1-ubyte.gz", 28_881, "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"],
        ["t10k-images-idx3-ubyte.gz", 1_648_877, "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"],
        ["t10k-labels-idx1-ubyte.gz", 4_542, "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"],
      ],
    ),
  },
  "fashion-mnist": {
    about: "pieces of clothing: 60,000 and 10,000 grey images of 28 x 28 (Zalando Research; MIT)",
    files: filesAt(
      ["http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"],
      [
        ["train-images-idx3-ubyte.gz", 26_421_880, "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"],
        ["train-labels-idx1-ubyte.gz", 29_515, "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"],
        ["t10k-images-idx3-ubyte.gz", 4_422_102, "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"],
        ["t10k-labels-idx1-ubyte.gz", 5_148, "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"],
      ],
    ),
  },
  "cifar-10": {
    about: "ten kinds of things: 50,000 and 10,000 colour images of 32 x 32 (Krizhevsky, 2009)",
    files: filesAt(
      ["https://www.cs.toronto.edu/~kriz/"],
      [["cifar-10-binary.tar.gz", 170_052_171, "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd"]],
    ),
    members: [
      ...[1, 2, 3, 4, 5].map((batch) => ({ name: `data_batch_${batch}.bin`, bytes: CIFAR_BATCH_BYTES })),
      { name: "test_batch.bin", bytes: CIFAR_BATCH_BYTES },
    ],
  },
  "tiny-shakespeare": {
    about: "1.1 million characters of plays (public domain; chosen by Karpathy)",
    files: filesAt(
      ["https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/"],
      [["input.txt", 1_115_394, "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed"]],
    ),
  },
} as const satisfies Record<string, KnownDataset>;

/** Name of a known dataset. */
export type KnownDatasetName = keyof typeof KNOWN_DATASETS;

/** The names, as a person may write them. */
export const KNOWN_DATASET_NAMES: readonly KnownDatasetName[] = [
  "mnist",
  "fashion-mnist",
  "cifar-10",
  "tiny-shakespeare",
];
