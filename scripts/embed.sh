#!/bin/sh
# embed.sh OPENAPI MIGRATION...: writes a C file with the contents, so that the binary needs no file beside it.
set -eu
bytes() { od -An -v -tx1 "$1" | sed 's/\([0-9a-f][0-9a-f]\)/0x\1,/g'; }
echo '#include "server/embedded.h"'
echo 'static const unsigned char openapi[] = {'
bytes "$1"
echo '0};'
echo 'const struct embedded_file embedded_openapi = { "openapi.yaml", (const char *)openapi, sizeof openapi - 1 };'
shift
n=0
for file in "$@"; do
	n=$((n + 1))
	echo "static const unsigned char migration_${n}[] = {"
	bytes "$file"
	echo '0};'
done
echo 'const struct embedded_file embedded_migrations[] = {'
n=0
for file in "$@"; do
	n=$((n + 1))
	echo "	{ \"$(basename "$file")\", (const char *)migration_$n, sizeof migration_$n - 1 },"
done
echo '	{ 0, 0, 0 },'
echo '};'
echo "const size_t embedded_migration_count = $n;"
