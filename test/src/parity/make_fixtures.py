"""Writes the fixtures of the parity tests: PyTorch's forward values, gradients and steps, in float64.

Run with a Python that imports torch 1.13 (Debian: python3-torch):  python3 test/src/parity/make_fixtures.py
The same PyTorch writes the same bytes. Inputs and parameters are numbers that float32 holds exactly.
"""

import hashlib
import json
import pathlib
import sys
import warnings

import torch

HERE = pathlib.Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(HERE / "pytorch"))

import activation_rows
import layer_rows
import loss_rows
import normalisation_rows
import optimizer_rows
import safetensors_file
import sequence_rows

FAMILIES = {
    "layers": layer_rows.rows,
    "activations": activation_rows.rows,
    "normalisations": normalisation_rows.rows,
    "sequences": sequence_rows.rows,
    "losses": loss_rows.rows,
    "optimizers": optimizer_rows.optimizers,
    "clipping": optimizer_rows.clipping,
    "schedules": optimizer_rows.schedules,
}


def script_hash():
    """SHA-256 over the scripts in order of their names, as parity.test.ts computes it."""
    digest = hashlib.sha256()
    for path in sorted([HERE / "make_fixtures.py", *(HERE / "pytorch").glob("*.py")], key=lambda each: each.name):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def main():
    warnings.filterwarnings("ignore")
    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64)
    folder = HERE / "fixtures"
    folder.mkdir(exist_ok=True)
    index = {"torch": torch.__version__, "scripts": script_hash(), "families": {}}
    for family, rows in FAMILIES.items():
        cases = rows()
        tensors = {}
        for case in cases:
            for name, tensor in case.tensors().items():
                tensors[f"{case.name}/{name}"] = tensor
        safetensors_file.write(folder / f"{family}.safetensors", tensors, {"torch": torch.__version__})
        index["families"][family] = [
            {"name": case.name, "pytorch": case.pytorch, "allowance": case.allowance, "training": case.training}
            for case in cases
        ]
        print(f"{family}: {len(cases)} rows, {(folder / f'{family}.safetensors').stat().st_size} bytes", flush=True)
    (folder / "index.json").write_text(json.dumps(index, indent=2) + "\n")


if __name__ == "__main__":
    main()
