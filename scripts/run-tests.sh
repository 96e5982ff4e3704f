#!/bin/sh
# run-tests.sh BUILD_DIR TEST...: runs each test program, prints what it prints, ends with a sum and with 1 if any failed.
# DESCENTD tells the black-box tests which program to start.
set -u
dir=$1
shift
export DESCENTD="$dir/descentd"
export OPENBLAS_NUM_THREADS=1
export CK_TIMEOUT_MULTIPLIER="${CK_TIMEOUT_MULTIPLIER:-1}"
# Of tests that name no limit of their own: a guard against hangs, wide enough for a busy machine.
export CK_DEFAULT_TIMEOUT="${CK_DEFAULT_TIMEOUT:-60}"
# Memory that cannot be had is NULL under sanitizers too.
case $dir in
*asan) export ASAN_OPTIONS="detect_leaks=1:abort_on_error=0:allocator_may_return_null=1:${ASAN_OPTIONS:-}" UBSAN_OPTIONS="print_stacktrace=1" CK_TIMEOUT_MULTIPLIER=10 ;;
*tsan) export TSAN_OPTIONS="halt_on_error=1:second_deadlock_stack=1:allocator_may_return_null=1:${TSAN_OPTIONS:-}" CK_TIMEOUT_MULTIPLIER=20 ;;
esac
failed=0
ran=0
for program in "$@"; do
	ran=$((ran + 1))
	echo "== ${program#"$dir"/}"
	begin=$(date +%s)
	"$program" || {
		failed=$((failed + 1))
		echo "FAILED: $program"
	}
	seconds=$(($(date +%s) - begin))
	[ "$seconds" -lt 20 ] || echo "   ($seconds s)"
done
echo "test programs: $ran run, $failed failed"
[ "$failed" = 0 ] && [ "$ran" -gt 0 ]
