#!/bin/sh
# setup.sh: installs what is missing, by Debian package name. The one place where dependencies are named.
# Quiet when there is nothing to do.
set -eu
# build: compiler and make
# libmicrohttpd  HTTP server              libcjson   JSON reader            libsqlite3  store
# libopenblas    dense products           random123  counter-based random   libsodium   SHA-256, tokens
# zlib           gzip                     libcsv     CSV reader             check       unit tests (needs subunit)
# libcurl        black-box tests          curl, jq   demo                   clang-*     lint
# What for: nothing said: build, test, demo; build: the program only; runtime: to run it only (the container); lint, bench: all and their tools; fuzz: to fuzz it;
# peers: libraries that bench stands beside, where there is a folder of peers.
build="gcc make libc6-dev pkg-config
libmicrohttpd-dev libcjson-dev libsqlite3-dev libopenblas-pthread-dev librandom123-dev libsodium-dev zlib1g-dev libcsv-dev"
tests="check libsubunit-dev libcurl4-openssl-dev curl jq ca-certificates"
case ${1:-all} in
all) packages="$build $tests" ;;
build) packages="$build" ;;
runtime) packages="libmicrohttpd12 libcjson1 libsqlite3-0 libopenblas0-pthread libsodium23 zlib1g libcsv3" ;;
lint) packages="$build $tests clang-format-14 cppcheck shellcheck git" ;;
bench) packages="$build $tests wrk" ;;
peers) packages="gcc libc6-dev libopenblas-pthread-dev liblbfgs-dev liblinear-dev" ;;
fuzz) packages="$build clang-14 libclang-rt-14-dev" ;;
*)
	echo "setup: build, runtime, lint, bench, peers, fuzz or nothing, not '$1'" >&2
	exit 2
	;;
esac
missing=""
for package in $packages; do
	dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing="$missing $package"
done
[ -z "$missing" ] && exit 0
echo "installing:$missing"
as_root=""
[ "$(id -u)" = 0 ] || as_root="sudo"
export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
if ! { $as_root apt-get update -qq && $as_root apt-get -o DPkg::Lock::Timeout=600 install -y -qq --no-install-recommends $missing; } >"$log" 2>&1; then
	cat "$log"
	rm -f "$log"
	echo "setup: could not install:$missing" >&2
	exit 1
fi
rm -f "$log"
