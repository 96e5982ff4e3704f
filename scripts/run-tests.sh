#!/bin/sh
# run-tests.sh BUILD_DIR TEST...: runs each test program, prints what it prints, ends with a sum and with 1 if any failed.
# DESCENTD tells the black-box tests which program to start. Under sanitizers as many programs run at once as
# scripts/jobs.sh says, or TEST_JOBS; what a program prints stays in one piece. A report of a sanitizer fails the
# program, whichever process it came from: a server that a test killed as well. These runs are many times slower and
# beside one another, and they look for memory errors and races: a program that fails there with no report is run once
# more by itself, and the end says so. In the release build no program has a second try.
# shellcheck disable=SC2089,SC2090 # the sanitizers read the quotes: a blank or a colon in $TMPDIR ends no option
set -u
if [ "$1" = --one ]; then
	program=$2
	log=$(mktemp)
	reports=$REPORTS/${program##*/}
	mkdir -p "$reports"
	export ASAN_OPTIONS="${ASAN_OPTIONS:-}:log_path=\"$reports/report\""
	export UBSAN_OPTIONS="${UBSAN_OPTIONS:-}:log_path=\"$reports/report\""
	export TSAN_OPTIONS="${TSAN_OPTIONS:-}:log_path=\"$reports/report\""
	begin=$(date +%s)
	"$program" >"$log" 2>&1
	failed=$?
	seconds=$(($(date +%s) - begin))
	# Not a report: "WARNING: AddressSanitizer failed to allocate", which tests provoke.
	for report in "$reports"/*; do
		[ -e "$report" ] || continue
		if grep -Eq 'ERROR: [A-Za-z]+Sanitizer|WARNING: ThreadSanitizer: |runtime error: ' "$report"; then
			cat "$report" >>"$log"
			failed=reported
		fi
	done
	if [ "$failed" != 0 ]; then
		echo "FAILED: $program" >>"$log"
		if [ "$failed" != reported ] && [ "$AGAIN" = 1 ]; then
			echo "$program" >>"$WORK/again"
		else
			echo "$program" >>"$WORK/failed"
		fi
	fi
	[ "$seconds" -lt 20 ] || echo "   ($seconds s)" >>"$log"
	{
		flock 9
		echo "== ${program#"$DIR"/}"
		cat "$log"
	} 9<"$0"
	rm -f "$log"
	exit 0
fi
DIR=$1
shift
export DIR DESCENTD="$DIR/descentd"
export OPENBLAS_NUM_THREADS=1
# Limits are guards against hangs, wide enough for a slow machine that is busy: ten times what the tests name, and a minute
# for those that name none.
export CK_TIMEOUT_MULTIPLIER="${CK_TIMEOUT_MULTIPLIER:-10}"
export CK_DEFAULT_TIMEOUT="${CK_DEFAULT_TIMEOUT:-60}"
jobs=1
AGAIN=0
# Memory that cannot be had is NULL under sanitizers too.
case $DIR in
*asan)
	export ASAN_OPTIONS="detect_leaks=1:abort_on_error=0:allocator_may_return_null=1:${ASAN_OPTIONS:-}"
	export UBSAN_OPTIONS="print_stacktrace=1" CK_TIMEOUT_MULTIPLIER=20
	jobs=$(sh "$(dirname "$0")/jobs.sh") AGAIN=1
	;;
*tsan)
	export TSAN_OPTIONS="halt_on_error=1:second_deadlock_stack=1:allocator_may_return_null=1:${TSAN_OPTIONS:-}"
	export CK_TIMEOUT_MULTIPLIER=40
	jobs=$(sh "$(dirname "$0")/jobs.sh") AGAIN=1
	;;
esac
WORK=$(mktemp -d)
REPORTS=$WORK/reports
export WORK REPORTS AGAIN
trap 'rm -rf "$WORK"' EXIT
: >"$WORK/failed"
: >"$WORK/again"
printf '%s\n' "$@" | xargs -n 1 -P "${TEST_JOBS:-$jobs}" sh "$0" --one
again=$(cat "$WORK/again")
AGAIN=0
for program in $again; do
	echo "-- once more, by itself: ${program#"$DIR"/}"
	sh "$0" --one "$program"
done
failed=$(grep -c . "$WORK/failed")
for program in $again; do
	grep -qxF "$program" "$WORK/failed" || echo "PASSED ONLY BY ITSELF: $program"
done
sed 's/^/FAILED: /' "$WORK/failed"
echo "test programs: $# run, $failed failed"
[ "$failed" = 0 ] && [ "$#" -gt 0 ]
