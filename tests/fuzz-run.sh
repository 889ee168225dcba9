#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# fuzz-run.sh TARGET SEED_DIR LIBFUZZER_ARGS...: fuzzes from a copy of the seeds, so that what is
# found goes to a temporary folder and not into the repository. Crashing inputs are printed.
set -eu
target=$1 seeds=$2
shift 2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/corpus"
cp "$seeds"/* "$work/corpus/"
status=0
"$target" "$@" -artifact_prefix="$work/" "$work/corpus" 2>"$work/log" || status=$?
tail -n 40 "$work/log"
for f in "$work"/crash-* "$work"/oom-* "$work"/timeout-* "$work"/leak-*; do
	[ -e "$f" ] || continue
	echo "input that failed (base64):"
	base64 "$f"
done
# libFuzzer's own exit code 77 would read as "skipped".
[ "$status" -eq 0 ] || exit 1
