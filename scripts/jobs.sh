#!/bin/sh
# jobs.sh [MEGABYTES [ROOT]]: prints how many compilers or test programs may run at once, of MEGABYTES each (default 512): the
# processors that this process may use, but no more than whole ones of a cgroup's quota (which nproc does not know: a
# container of two processors has 64 on a host of 64), than memory holds, and than 16. ROOT: where /proc and /sys lie, for trials.
set -u
each=${1:-512}
root=${2:-}
{
	nproc
	echo 16
	awk -v each="$each" '$1 == "MemAvailable:" { print int($2 / 1024 / each) }' "$root/proc/meminfo"
	# Every group from this process's own up to the top. In a container the top is its own, and the path may lead nowhere.
	while IFS=: read -r _ controllers group; do
		case ",$controllers," in
		,, | *,cpu,* | *,memory,*) folder=$root/sys/fs/cgroup/$controllers ;;
		*) continue ;;
		esac
		while group=${group%/}; do
			# Version 2, then version 1: a quota and a period; bytes. "max" or -1: none.
			cat "$folder$group/cpu.max"
			echo "$(cat "$folder$group/cpu.cfs_quota_us") $(cat "$folder$group/cpu.cfs_period_us")"
			echo "$(cat "$folder$group/memory.max" "$folder$group/memory.limit_in_bytes") $((each * 1048576))"
			[ -n "$group" ] || break
			group=${group%/*}
		done
	done <"$root/proc/self/cgroup" | awk 'NF == 2 && $1 + 0 > 0 && $2 > 0 { print int($1 / $2) }'
} 2>/dev/null | awk 'least == "" || $1 + 0 < least { least = $1 + 0 } END { print (least > 1 ? least : 1) }'
