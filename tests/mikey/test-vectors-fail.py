#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""test-vectors-fail.py RUNNER VECTORS: a runner that cannot fail proves nothing. One expectation of
every kind of vector is made wrong; the runner has to name just that vector and exit with an error."""
import copy
import json
import os
import subprocess
import sys
import tempfile

RUNNER, VECTORS = sys.argv[1], sys.argv[2]


def flip(text):
    """Another hex text of the same length."""
    return text[:-1] + ("0" if text[-1] != "0" else "1")


def flip_outcome(expect):
    expect["outcome"] = "reject" if expect["outcome"] == "accept" else "accept"


def change(name):
    def apply(v):
        v[name] = flip(v[name])
    return apply


def change_mac(v):
    v["trace"]["mac"] = flip(v["trace"]["mac"])


def change_tek(v):
    v["results"][0]["sessions"][0]["tek"] = flip(v["results"][0]["sessions"][0]["tek"])


def change_step(v):
    v["steps"][0]["hex"] = flip(v["steps"][0]["hex"])


def lengthen(v):
    v["input"] += "00"


def forge(v):
    v["hex"] = flip(v["hex"])


def each(test, apply):
    """The first vector that `test` takes."""
    return lambda vectors: apply(next(v for v in vectors if test(v)))


def always(v):
    return not v.get("features")


def policy_list(name, field):
    def apply(vectors):
        vectors[name][0][field] = not vectors[name][0][field]
    return apply


def policy_time(vectors):
    vectors["time"][0]["seconds_since_1900"] += 1


def policy_word(vectors):
    vectors["flags"]["words"].remove(vectors["flags"]["words"][5])


CHANGES = [
    ("prf.json", each(always, change("outkey"))),
    ("derive.json", each(always, change("outkey"))),
    ("derive.json", each(always, change("label"))),
    ("kemac.json", each(lambda v: v["encr_alg"] == 1, change("plain"))),
    ("kemac.json", each(lambda v: v.get("reject"), lambda v: v.pop("reject"))),
    ("verify.json", each(always, change("mac"))),
    ("payloads.json", each(always, change("hex"))),
    ("hdr.json", each(always, change("hex"))),
    ("keydata.json", each(always, change("hex"))),
    ("ticket.json", each(always, change_mac)),
    ("truncation.json", each(always, lengthen)),
    ("policy.json", policy_list("identity_match", "match")),
    ("policy.json", policy_list("validity", "valid")),
    ("policy.json", policy_time),
    ("policy.json", policy_word),
    ("sdp.json", each(lambda v: "accept" in v, lambda v: v.update(accept=not v["accept"]))),
    ("sdp.json", each(lambda v: "m_lines" in v, lambda v: v["m_lines"][0]["cs_ids"].reverse())),
    ("exchanges.json", each(always, change_tek)),
    ("exchanges.json", each(always, change_step)),
    ("negative.json", each(lambda v: v["expect"]["outcome"] == "accept", lambda v: flip_outcome(v["expect"]))),
    ("negative.json", each(lambda v: v["expect"]["outcome"] == "reject", lambda v: flip_outcome(v["expect"]))),
    ("negative.json", each(lambda v: v["expect"].get("error_no_binding"),
                           lambda v: v["expect"].update(error_no=[13]))),
    ("state.json", each(always, lambda v: flip_outcome(v["events"][-1]["expect"]))),
    ("errors.json", each(lambda v: v.get("forged_hex"), forge)),
    ("prf.json", each(always, lambda v: v.update(level="perhaps"))),
    ("prf.json", each(always, lambda v: v.update(features=["MAGIC"]))),
]


def load(name):
    with open(os.path.join(VECTORS, name)) as f:
        return json.load(f)


def run(directory, *options):
    done = subprocess.run([RUNNER, *options, directory], capture_output=True, text=True)
    return done.returncode, done.stdout


def counts(output):
    words = output.strip().split("\n")[-1].replace(",", "").split()
    return int(words[0]), int(words[2])


def check_documents(files, status, passed, failed):
    with tempfile.TemporaryDirectory() as directory:
        for name, document in files.items():
            with open(os.path.join(directory, name), "w") as f:
                json.dump(document, f)
        got, output = run(directory)
        if (got, *counts(output)) != (status, passed, failed):
            sys.exit(f"{list(files)}: status {got}, {output[-300:]}")
        return output


def check_change(number, name, apply):
    document = load(name)
    apply(document["vectors"])
    with tempfile.TemporaryDirectory() as directory:
        # Others refer to the exchanges, under whatever name.
        if document["kind"] != "exchange":
            os.symlink(os.path.join(VECTORS, "exchanges.json"), os.path.join(directory, "base.json"))
        with open(os.path.join(directory, "changed.json"), "w") as f:
            json.dump(document, f)
        status, output = run(directory)
    failures = [line for line in output.split("\n") if line.startswith("FAILED")]
    if status != 1 or not failures or any("changed.json" not in line for line in failures):
        sys.exit(f"change {number} of {name} was not noticed: {output[-300:]}")


for n, (file_name, what) in enumerate(CHANGES):
    check_change(n, file_name, what)

good = load("hdr.json")
check_documents({}, 1, 0, 0)
check_documents({"a.json": good}, 0, len(good["vectors"]), 0)
wrong = copy.deepcopy(good)
wrong["kind"] = "heads"
check_documents({"a.json": good, "b.json": wrong}, 1, len(good["vectors"]), 1)
wrong = copy.deepcopy(good)
wrong["schema"] = "mikey-ticket-vectors/3"
check_documents({"b.json": wrong}, 1, 0, 1)
wrong = copy.deepcopy(good)
wrong["vectors"][0].update(level="reading", readings=[1], hex="00")
with tempfile.TemporaryDirectory() as d:
    with open(os.path.join(d, "a.json"), "w") as file:
        json.dump(wrong, file)
    result = run(d, "-r")
    if result[0] != 0 or "1 failures set apart" not in result[1]:
        sys.exit("option -r: " + result[1])
print(f"{len(CHANGES)} changes noticed")
