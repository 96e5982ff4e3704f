#!/bin/sh
# run-tests.sh BUILD_DIR TEST...: runs each test program, prints what it prints, ends with a sum and with 1 if any failed.
# DESCENTD tells the black-box tests which program to start. Under sanitizers as many programs run at once as there are
# processors (TEST_JOBS says otherwise); what a program prints stays in one piece.
set -u
if [ "$1" = --one ]; then
	program=$2
	log=$(mktemp)
	begin=$(date +%s)
	"$program" >"$log" 2>&1 || {
		echo "FAILED: $program" >>"$log"
		echo "$program" >>"$FAILED"
	}
	seconds=$(($(date +%s) - begin))
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
export CK_TIMEOUT_MULTIPLIER="${CK_TIMEOUT_MULTIPLIER:-1}"
# Of tests that name no limit of their own: a guard against hangs, wide enough for a busy machine.
export CK_DEFAULT_TIMEOUT="${CK_DEFAULT_TIMEOUT:-60}"
jobs=1
# Memory that cannot be had is NULL under sanitizers too.
case $DIR in
*asan)
	export ASAN_OPTIONS="detect_leaks=1:abort_on_error=0:allocator_may_return_null=1:${ASAN_OPTIONS:-}"
	export UBSAN_OPTIONS="print_stacktrace=1" CK_TIMEOUT_MULTIPLIER=10
	jobs=$(nproc)
	;;
*tsan)
	export TSAN_OPTIONS="halt_on_error=1:second_deadlock_stack=1:allocator_may_return_null=1:${TSAN_OPTIONS:-}"
	export CK_TIMEOUT_MULTIPLIER=20
	jobs=$(nproc)
	;;
esac
FAILED=$(mktemp)
export FAILED
trap 'rm -f "$FAILED"' EXIT
printf '%s\n' "$@" | xargs -n 1 -P "${TEST_JOBS:-$jobs}" sh "$0" --one
failed=$(grep -c . "$FAILED")
sed 's/^/FAILED: /' "$FAILED"
echo "test programs: $# run, $failed failed"
[ "$failed" = 0 ] && [ "$#" -gt 0 ]
