"""What a user's training script does with plain mlflow, against the server in MLFLOW_TRACKING_URI.

Run by mlflow_test.py. Each function whose name begins with "check_" is one check.
"""

import math
import os
import sys
import tempfile
import time
import traceback

import mlflow
import numpy
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

client = MlflowClient()
unique = str(time.time_ns())


def expect(condition, what):
    if not condition:
        raise AssertionError(what)


def expect_refused(code, call):
    try:
        call()
    except MlflowException as error:
        expect(error.error_code == code, f"{error.error_code} instead of {code}: {error}")
        return
    raise AssertionError(f"not refused, {code} was expected")


def check_experiments():
    name = f"experiment-{unique}"
    made = mlflow.set_experiment(name)
    expect(mlflow.set_experiment(name).experiment_id == made.experiment_id, "the same again")
    expect(client.get_experiment_by_name(name + "x") is None, "a missing one is None")
    client.set_experiment_tag(made.experiment_id, "team", "a")
    found = client.search_experiments(filter_string=f"name = '{name}' AND tags.team = 'a'")
    expect([one.name for one in found] == [name], found)
    expect_refused("RESOURCE_ALREADY_EXISTS", lambda: client.create_experiment(name))
    client.delete_experiment(made.experiment_id)
    expect(client.get_experiment(made.experiment_id).lifecycle_stage == "deleted", "deleted")
    client.restore_experiment(made.experiment_id)


def check_logging():
    mlflow.set_experiment(f"logging-{unique}")
    with mlflow.start_run(run_name="first", tags={"a": "b"}, description="words") as run:
        mlflow.log_param("lr", 0.1)
        mlflow.log_params({f"p{i}": i for i in range(250)})
        for step in range(5):
            mlflow.log_metric("loss", 1 / (step + 1), step=step)
        mlflow.log_metrics({f"m{i}": float(i) for i in range(1500)})
        mlflow.log_metrics({"nan": float("nan"), "inf": float("inf")})
        mlflow.set_tag("c", "d")
        mlflow.set_tags({"e": "f", "g": "h"})
        mlflow.delete_tag("e")
        mlflow.log_metric("late", 1.0, synchronous=False).wait()
        expect_refused("INVALID_PARAMETER_VALUE", lambda: client.log_param(run.info.run_id, "lr", 2))
    got = client.get_run(run.info.run_id)
    expect(got.info.status == "FINISHED" and got.info.end_time is not None, got.info)
    expect(got.data.params["lr"] == "0.1" and len(got.data.params) == 251, "params")
    expect(got.data.metrics["loss"] == 0.2 and got.data.metrics["m1499"] == 1499, "metrics")
    expect(math.isnan(got.data.metrics["nan"]), "NaN stays NaN")
    expect(got.data.tags["c"] == "d" and "e" not in got.data.tags, "tags")
    history = client.get_metric_history(run.info.run_id, "loss")
    expect([point.step for point in history] == [0, 1, 2, 3, 4], history)


def check_nested_failed_and_resumed_runs():
    mlflow.set_experiment(f"nested-{unique}")
    with mlflow.start_run() as parent:
        with mlflow.start_run(nested=True):
            mlflow.log_metric("x", 1)
    children = mlflow.search_runs(
        filter_string=f"tags.mlflow.parentRunId = '{parent.info.run_id}'", output_format="list")
    expect(len(children) == 1, children)
    try:
        with mlflow.start_run() as failed:
            raise ValueError("on purpose")
    except ValueError:
        pass
    expect(client.get_run(failed.info.run_id).info.status == "FAILED", "failed")
    with mlflow.start_run(run_id=failed.info.run_id):
        expect(client.get_run(failed.info.run_id).info.status == "RUNNING", "runs again")
    client.delete_run(failed.info.run_id)
    client.restore_run(failed.info.run_id)


def check_search():
    experiment = mlflow.set_experiment(f"search-{unique}").experiment_id
    for i in range(8):
        with mlflow.start_run(run_name=f"run-{i}"):
            mlflow.log_param("model", f"ResNet{i}")
            mlflow.log_metric("loss", 1 / (i + 1))
            mlflow.set_tag("team", "A" if i % 2 else "B")

    def names(text, order=None):
        found = client.search_runs([experiment], text, order_by=order)
        return [run.info.run_name for run in found]

    expect(names("metrics.loss < 0.15") == ["run-7", "run-6"], "metrics")
    expect(len(names("params.model LIKE 'ResNet%' AND tags.team = 'A'")) == 4, "LIKE and AND")
    expect(len(names("params.model ILIKE 'resnet_'")) == 8, "ILIKE")
    expect(names("", ["metrics.loss ASC"])[0] == "run-7", "order_by")
    expect(names("attributes.run_name = 'run-3'") == ["run-3"], "run_name")
    expect_refused("INVALID_PARAMETER_VALUE", lambda: names("metrics.loss ~ 1"))
    first = client.search_runs([experiment], max_results=5)
    rest = client.search_runs([experiment], max_results=5, page_token=first.token)
    expect(len(first) == 5 and len(rest) == 3, "pages")
    expect(len(mlflow.search_runs([experiment])) == 8, "a data frame")


def check_artifacts():
    mlflow.set_experiment(f"artifacts-{unique}")
    with tempfile.TemporaryDirectory() as folder, mlflow.start_run() as run:
        os.makedirs(os.path.join(folder, "deep/er"))
        for name in ["ä ö+%.txt", "deep/er/two.bin", "empty.txt"]:
            with open(os.path.join(folder, name), "wb") as file:
                file.write(b"" if name == "empty.txt" else os.urandom(70_000))
        mlflow.log_artifacts(folder, "data")
        mlflow.log_text("hello", "notes/hello.txt")
        mlflow.log_dict({"a": 1}, "config.json")
        listed = sorted(one.path for one in client.list_artifacts(run.info.run_id, "data"))
        expect(listed == ["data/deep", "data/empty.txt", "data/ä ö+%.txt"], listed)
        back = client.download_artifacts(run.info.run_id, "data", tempfile.mkdtemp(dir=folder))
        for name in ["ä ö+%.txt", "deep/er/two.bin", "empty.txt"]:
            with open(os.path.join(folder, name), "rb") as a, open(os.path.join(back, name), "rb") as b:
                expect(a.read() == b.read(), name)
    expect(mlflow.artifacts.load_text(run.info.artifact_uri + "/notes/hello.txt") == "hello", "text")
    expect(mlflow.artifacts.load_dict(run.info.artifact_uri + "/config.json") == {"a": 1}, "dict")


def check_autolog_and_models():
    mlflow.set_experiment(f"models-{unique}")
    mlflow.sklearn.autolog()
    features, labels = load_iris(return_X_y=True, as_frame=True)
    with mlflow.start_run() as run:
        model = LogisticRegression(max_iter=500).fit(features, labels)
    mlflow.sklearn.autolog(disable=True)
    got = client.get_run(run.info.run_id)
    expect(got.data.params["max_iter"] == "500", "autologged params")
    expect(got.data.metrics["training_accuracy_score"] > 0.9, "autologged metrics")
    expect(len(got.inputs.dataset_inputs) == 1, "autologged dataset")
    name = f"iris-{unique}"
    with mlflow.start_run() as run:
        mlflow.log_metric("acc", 0.9)
        info = mlflow.sklearn.log_model(model, name="model", registered_model_name=name,
                                        input_example=features.head(2),
                                        pip_requirements=["scikit-learn"])
    loaded = mlflow.pyfunc.load_model(info.model_uri)
    expect(numpy.array_equal(loaded.predict(features), model.predict(features)), "predictions")
    second = mlflow.register_model(f"runs:/{run.info.run_id}/model", name)
    expect(str(second.version) == "2", second)
    client.set_registered_model_alias(name, "champion", "2")
    for uri in [f"models:/{name}/1", f"models:/{name}@champion", f"models:/{name}/latest"]:
        expect(mlflow.sklearn.load_model(uri).predict(features).shape == (150,), uri)
    client.set_model_version_tag(name, "1", "ok", "yes")
    client.transition_model_version_stage(name, "1", "Production")
    found = client.search_model_versions(f"name = '{name}'")
    expect(sorted(str(one.version) for one in found) == ["1", "2"], found)
    expect(len(client.search_registered_models(f"name = '{name}'")) == 1, "registered")
    expect(len(mlflow.search_logged_models(output_format="list")) >= 2, "logged models")
    client.delete_model_version(name, "1")
    expect_refused("RESOURCE_DOES_NOT_EXIST", lambda: client.get_model_version(name, "1"))


def main():
    failed = 0
    checks = [(name, check) for name, check in globals().items() if name.startswith("check_")]
    for name, check in checks:
        try:
            check()
            print(f"ok {name}", flush=True)
        except Exception:
            failed += 1
            print(f"not ok {name}", flush=True)
            traceback.print_exc()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
