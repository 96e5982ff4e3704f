#!/bin/sh
# lint.sh: what a reader would otherwise have to watch for: format, the direction of includes, libraries outside
# their homes, files that have grown too long, words that mean unfinished work, paths of one machine, and static analysis.
# Prints each finding as file:line and ends with 1 if there was any.
set -eu
cd "$(dirname "$0")/.."
sh scripts/setup.sh lint

list=$(mktemp)
findings=$(mktemp)
trap 'rm -f "$list" "$findings"' EXIT

# finding WHAT: reads findings from standard input; none is good. Kept in a file, as it runs in a pipeline's subshell.
finding() {
	lines=$(cat)
	[ -z "$lines" ] && return 0
	printf 'lint: %s\n%s\n' "$1" "$lines" | tee -a "$findings"
}

# tracked PATTERN...: tracked files that exist (a removed one may still be in the index), whoever owns the clone.
tracked() {
	git -c safe.directory='*' ls-files -- "$@" | while read -r file; do [ -f "$file" ] && printf '%s\n' "$file"; done
}

tracked '*.c' '*.h' >"$list"
[ -s "$list" ] || {
	echo 'lint: git names no files here: it looks at the tracked files of a clone' >&2
	exit 1
}

# Format.
xargs clang-format-14 --dry-run -Werror --ferror-limit=1 <"$list" 2>&1 | grep 'error:' | finding 'format (make format)'

# server -> api -> core, tests -> everything; black-box tests know the service by its door only.
upward() { # upward FOLDER ALLOWED: quoted includes in FOLDER that are not of ALLOWED
	grep "^$1" "$list" | xargs -r grep -nE '^[[:space:]]*#[[:space:]]*include[[:space:]]+"' /dev/null |
		grep -vE "include[[:space:]]+\"($2)/" | finding "$1 includes what lies above it"
}
upward core/ 'core'
upward api/ 'core|api'
upward server/ 'core|api|server'
upward tests/core/ 'core|tests/support|tests/core'
upward tests/api/ 'core|api|tests/support|tests/api'
upward tests/blackbox/ 'tests/support|tests/blackbox'

home() { # home HEADER FOLDERS: who includes HEADER outside of FOLDERS
	xargs grep -nE "^[[:space:]]*#[[:space:]]*include[[:space:]]+[<\"]([a-z]+/)?$1[>\"]" /dev/null <"$list" |
		grep -vE "^($2)" | finding "$1 outside of its home"
}
home 'sqlite3\.h' 'server/store|tests/'
home 'microhttpd\.h' 'server/http|tests/bench/'
home 'cJSON\.h' 'api/|tests/'
home 'cblas\.h' 'core/kernels'
home 'sodium\.h' 'api/|server/'
home 'curl\.h' 'tests/'

# core and api are libraries: they neither print nor end the process.
grep -E '^(core|api)/' "$list" | xargs -r grep -nE '(^|[^a-zA-Z0-9_])(exit|_exit|abort|printf|fprintf|puts|perror)[[:space:]]*\(' /dev/null |
	grep -vE '__attribute__|^[^:]*:[0-9]+:[[:space:]]*(/?\*|//)' | finding 'core and api never print or exit'

xargs awk 'FNR == 601 { print FILENAME ": more than 600 lines" }' <"$list" | finding 'file too long'
xargs grep -nE '(TO[D]O|FIX[M]E|HAC[K]|(^|[^X])X[X]X)([^A-Za-z_]|$)' /dev/null <"$list" | finding 'unfinished work'
tracked | grep -vE '^(tests/data/|scripts/lint\.sh$)' | xargs grep -nIE '(^|[^A-Za-z0-9_.])/(work|root|home|Users)/' /dev/null |
	finding 'a path of one machine'

# Shell.
if command -v shellcheck >/dev/null; then
	tracked '*.sh' .ci/run | xargs shellcheck -S warning -e SC2086 2>&1 | finding 'shellcheck'
fi

# Static analysis. Suppressed: headers of the system are not read, and a test's checks never return.
# shellcheck disable=SC2046 # one word a file: file names here have no blanks
cppcheck --quiet --std=c11 --language=c -j "$(sh scripts/jobs.sh)" -I. --enable=warning,portability --inline-suppr \
	--suppress=missingIncludeSystem --suppress=unknownMacro --suppress=nullPointerOutOfMemory -DNDEBUG -DISA=baseline \
	--template='{file}:{line}: {severity}: {message} [{id}]' \
	$(grep -E '^(core|api|server)/.*\.c$' "$list" | grep -v '\.inc\.c$') 2>&1 | finding 'cppcheck'

[ -s "$findings" ] && exit 1
echo "lint: clean ($(wc -l <"$list") C files)"
