#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# valgrind.sh BUILD_DIR NAME...: the named unit tests under valgrind, which sees what the sanitizers of the
# other build do not: use of memory that was never written.
set -u
build=$1
shift
command -v valgrind >/dev/null || exit 77
status=0
for name in "$@"; do
	log=$(mktemp)
	if valgrind -q --error-exitcode=9 --leak-check=no --log-file="$log" "$build/tests/test-$name" >/dev/null 2>&1; then
		echo "ok   - $name"
	else
		echo "not ok - $name"
		head -n 40 "$log"
		status=1
	fi
	rm -f "$log"
done
exit $status
