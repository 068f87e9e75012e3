"""Trains a small neural network on Fashion-MNIST and logs each epoch with plain MLflow."""

import argparse
import csv
import gzip
import os
import pathlib
import tempfile
import time
import warnings

# The matrices are small: more threads would only wait for each other.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import mlflow
import numpy as np
import sklearn
from mlflow.models import infer_signature
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import confusion_matrix, log_loss
from sklearn.neural_network import MLPClassifier

CLASSES = ["T-shirt", "Trouser", "Pullover", "Dress", "Coat",
           "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"]
MEAN, SPREAD = 0.286, 0.353  # of all pixels of the training images, scaled to 0..1


def read_idx(folder, name):
    """Reads one gzipped IDX file: a magic number, the sizes, then the bytes."""
    data = gzip.decompress(next(folder.glob(name + "*.gz")).read_bytes())
    dimensions = data[3]
    shape = np.frombuffer(data, dtype=">i4", count=dimensions, offset=4)
    return np.frombuffer(data, dtype=np.uint8, offset=4 + 4 * dimensions).reshape(shape)


def read_part(folder, part, rows):
    images = read_idx(folder, part + "-images")[:rows]  # (rows, 28, 28)
    labels = read_idx(folder, part + "-labels")[:rows]  # (rows,)
    pixels = images.reshape(len(images), -1).astype(np.float32) / 255
    return (pixels - MEAN) / SPREAD, labels


def log_confusion(labels, guesses):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "confusion.csv")
        with path.open("w", newline="") as file:
            table = csv.writer(file)
            table.writerow(["is \\ guessed"] + CLASSES)
            table.writerows([name, *row] for name, row in
                            zip(CLASSES, confusion_matrix(labels, guesses)))
        mlflow.log_artifact(str(path))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=pathlib.Path, default="/usr/share/datasets/fashion-mnist")
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--rows", type=int, default=60_000, help="training images to use")
    parser.add_argument("--hidden", type=int, default=256, help="neurons of the hidden layer")
    parser.add_argument("--learning-rate", type=float, default=0.001)
    parser.add_argument("--decay", type=float, default=0.8, help="of the learning rate, each epoch")
    parser.add_argument("--model", help="folder for the trained model")
    args = parser.parse_args()

    train_x, train_y = read_part(args.data, "train", args.rows)
    test_x, test_y = read_part(args.data, "t10k", 10_000)
    print(f"{len(train_x)} images to learn from, {len(test_x)} to be tested on", flush=True)

    # One call of `fit` is one epoch that goes on where the last one ended.
    warnings.filterwarnings("ignore", category=ConvergenceWarning)
    network = MLPClassifier(hidden_layer_sizes=(args.hidden,), batch_size=128, warm_start=True,
                            max_iter=1)
    with mlflow.start_run():
        mlflow.log_params({"epochs": args.epochs, "rows": len(train_x), "hidden": args.hidden,
                           "learning_rate": args.learning_rate, "decay": args.decay})
        for epoch in range(1, args.epochs + 1):
            begin = time.perf_counter()
            rate = args.learning_rate * args.decay ** (epoch - 1)
            network.set_params(learning_rate_init=rate, random_state=epoch)
            network.fit(train_x, train_y)
            chances = network.predict_proba(test_x)
            accuracy = float(np.mean(chances.argmax(axis=1) == test_y))
            mlflow.log_metrics({"train_loss": network.loss_, "test_accuracy": accuracy,
                                "test_loss": float(log_loss(test_y, chances)),
                                "learning_rate": rate}, step=epoch)
            print(f"epoch {epoch}/{args.epochs}  loss {network.loss_:.4f}  "
                  f"test accuracy {accuracy:.4f}  {time.perf_counter() - begin:.1f} s", flush=True)
        log_confusion(test_y, chances.argmax(axis=1))
        if args.model:
            mlflow.sklearn.save_model(
                network, args.model,
                signature=infer_signature(test_x[:5], network.predict(test_x[:5])),
                pip_requirements=[f"scikit-learn=={sklearn.__version__}"])
    print(f"test accuracy {accuracy:.4f}", flush=True)


if __name__ == "__main__":
    main()
