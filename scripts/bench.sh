#!/bin/sh
# bench.sh: how fast we are, as a table: each row a ratio to a limit or a peer that was measured in the same run, in turn
# with us. Medians of rounds. PEERS names a folder of peers (t3/t3_torch.py ...; default ../shared/peers); where there is
# none, the rows stand beside their limits alone. Peers in C are taken as their run_all.sh built them, or built here, under
# build/peers, with what Debian packages of their libraries there are. Everything it starts, it ends.
set -eu
bin=build/release/tests/bench
program=build/release/descentd
peers=${PEERS:-../shared/peers}
python=/usr/bin/python3
threads=4 # of server/main.c, HTTP_THREADS
mkdir -p build
scratch=$(mktemp -d build/bench.XXXXXX)
server=""
bare=""
finish() {
	[ -z "$server" ] || kill "$server" 2>/dev/null || true
	exec 9>&- || true
	wait
	rm -rf "$scratch"
}
trap finish EXIT
trap 'exit 130' INT TERM
results=$scratch/results
: >"$results"

torch=no
if [ -d "$peers/t3" ] && "$python" -c 'import torch' 2>/dev/null; then torch=yes; fi
data=""
if [ -f "$peers/../data/raw/mnist-train-images-idx3-ubyte.gz" ]; then data=$peers/../data; fi

note() { printf '%s\t%s\n' "$1" "$2" >>"$results"; }
# peer NAME FIELD COMMAND...: the field of the JSON line that a peer prints, as a result.
peer() {
	name=$1 field=$2
	shift 2
	timeout 120 "$@" 2>/dev/null | sed -n "s/.*\"$field\": \([0-9.e+-]*\).*/$name\t\1/p" >>"$results" || true
}

# L-BFGS by liblbfgs (t6_c), and liblinear on the adult data (t2_c; its problem as files, and the optimum, in a cache).
t6=$peers/bin/t6_c t2=$peers/bin/t2_c cache=$peers/cache
if [ ! -x "$t6" ] && [ -f "$peers/t6/t6_c.c" ]; then
	sh scripts/setup.sh peers || true
	t6=build/peers/t6_c t2=build/peers/t2_c cache=build/peers/cache
	mkdir -p "$cache"
	[ -x "$t6" ] || gcc -O2 -march=native -ffp-contract=off "$peers/t6/t6_c.c" -o "$t6" -llbfgs -lm 2>"$scratch/log" ||
		echo "bench: without liblbfgs: $(grep -m 1 error "$scratch/log")"
	[ -x "$t2" ] || gcc -O3 -march=native "$peers/t2/t2_c.c" -o "$t2" -llinear -llbfgs -lblas -lm 2>"$scratch/log" ||
		echo "bench: without liblinear: $(grep -m 1 error "$scratch/log")"
fi
if [ -x "$t2" ] && [ ! -f "$cache/t2_meta.txt" ] && [ -f "$data/csv/adult_onehot_train.csv.gz" ]; then
	OPENBLAS_NUM_THREADS=1 PYTHONDONTWRITEBYTECODE=1 "$python" -c 'import sys
sys.path[:0] = [sys.argv[1], sys.argv[1] + "/t2"]
import common
common.CACHE = sys.argv[2]
import t2_common
t2_common.fstar(sys.argv[3])' "$peers" "$cache" "$data" 2>"$scratch/log" ||
		echo "bench: without liblinear: $(tail -n 1 "$scratch/log")"
fi

kernel=$("$bin/bench_mlp" name)
echo "bench: $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1), $(nproc) cores, load $(cut -d' ' -f1-3 /proc/loadavg), $kernel"

# --- arithmetic ---
"$bin/bench_logistic" 1 2 >>"$results"
"$bin/bench_steps" >>"$results"
"$bin/bench_expression" >>"$results"
"$bin/bench_hostile" >>"$results"
for _ in 1 2 3; do
	"$bin/bench_descent" >>"$results"
	[ ! -x "$t6" ] || timeout 120 "$t6" | grep liblbfgs |
		sed -n 's/.*"train_s":\([0-9.e+-]*\).*/rosenbrock.liblbfgs\t\1/p' >>"$results" || true
done
for _ in 1 2 3 4 5; do
	for optimizer in sgd adam; do
		for batch in 64 256; do
			"$bin/bench_mlp" "$optimizer" "$batch" 128 1,2 ${data:+"$data/raw"} >>"$results"
			[ $torch = no ] || [ -z "$data" ] || peer "torch.$optimizer.$batch" samples_per_s \
				"$python" "$peers/t3/t3_torch.py" 1 "$data" "opt=$optimizer" "batch=$batch" epochs=1
		done
	done
	"$bin/bench_mlp" sgd 64 1024,1024 1,2 >>"$results"
done
for _ in 1 2 3; do
	for optimizer in sgd adam; do
		for batch in 64 256; do
			"$bin/bench_mlp" "$optimizer" "$batch" lenet 1,2 ${data:+"$data/raw"} >>"$results"
			[ $torch = no ] || [ -z "$data" ] ||
				timeout 120 "$python" tests/bench/lenet_torch.py "$optimizer" "$batch" 1,2 "$data/raw" >>"$results" || true
		done
	done
done
if [ -f "$peers/t4/t4.py" ]; then
	peer linear.numpy us_per_step "$python" "$peers/t4/t4.py" 1 "$data" peer=numpy
	[ $torch = no ] || peer linear.torch us_per_step "$python" "$peers/t4/t4.py" 1 "$data" peer=torch
fi

# --- the service ---
"$bin/bench_service" "$program" "$scratch/service" >>"$results"

"$program" --listen 127.0.0.1:0 --data-dir "$scratch/data" >"$scratch/out" 2>"$scratch/log" &
server=$!
for _ in $(seq 200); do
	[ -s "$scratch/out" ] && break
	sleep 0.05
done
url=$(sed -n 's/^descentd listening on //p' "$scratch/out")/v1/jobs
post() { curl -sS --noproxy '*' -H 'Prefer: wait=10' --json "$1" "$url$2" | jq -r .id; }
function='"model": {"type": "function", "function": "rosenbrock", "initial_point": [-1.2, 1]}'

# rate URL: requests a second.
rate() { wrk -t1 -c16 -d2s "$1" | awk '/Requests\/sec/ { print $2 }'; }
# beside_bare NAME JOB: in turn, the job's document and a bare answer of the same size.
beside_bare() {
	bytes=$(curl -sS --noproxy '*' "$url/$2" | wc -c)
	mkfifo "$scratch/hold"
	"$bin/bench_bare" "$bytes" "$threads" <"$scratch/hold" >"$scratch/port" &
	bare=$!
	exec 9>"$scratch/hold"
	while [ ! -s "$scratch/port" ]; do sleep 0.05; done
	for _ in 1 2 3 4 5; do
		note "$1.bare" "$(rate "http://127.0.0.1:$(cat "$scratch/port")/")"
		note "$1" "$(rate "$url/$2")"
	done
	exec 9>&-
	wait "$bare"
	rm "$scratch/hold" "$scratch/port"
	note "$1.bytes" "$bytes"
}
# Logistic regression on the one-hot adult data by Newton's method, far beyond 1e-6 of its minimum: the whole request,
# in turn with liblinear's -s 0 stopped at 1e-6 (the peers' own program).
if [ -n "$data" ] && [ -f "$data/csv/adult_onehot_train.csv.gz" ]; then
	adult=$(gzip -dc "$data/csv/adult_onehot_train.csv.gz" |
		curl -sS --noproxy '*' --data-binary @- "${url%/jobs}/datasets?name=adult&target=income" | jq -r .id)
	for _ in 1 2 3 4 5; do
		note adult.seconds "$(curl -sS --noproxy '*' -o /dev/null -w '%{time_total}' -H 'Prefer: wait=30' --json '{
			"dataset": {"id": "'"$adult"'", "standardize": false}, "optimizer": {"type": "newton"},
			"model": {"type": "logistic_regression", "l2": 3.0711587481956942e-05, "penalize_intercept": true},
			"training": {"dtype": "float64", "batch_size": "full"}}' "$url")"
		if [ -x "$t2" ] && [ -f "$cache/t2_meta.txt" ]; then
			timeout 120 "$t2" 1 "$cache" 0 2>/dev/null | grep 'subopt<=1e-06' |
				sed -n 's/.*"train_s":\([0-9.e+-]*\).*/adult.liblinear\t\1/p' >>"$results" || true
		fi
	done
fi
ended=$(post "{\"dataset\": {\"inline\": {\"columns\": [\"x\", \"y\"], \"rows\": [[1, 1], [2, 3], [3, 4]]}, \"target\": \"y\"},
	\"model\": {\"type\": \"linear_regression\"}}" "")
beside_bare get.ended "$ended"
running=$(post "{$function, \"training\": {\"steps\": 1000000000}, \"stopping\": {\"gradient_norm\": null, \"loss_change\": null,
	\"parameter_change\": null, \"max_seconds\": 60}}" "?wait=0")
beside_bare get.running "$running"
kill "$server"
wait "$server"
server=""

# --- the table ---
sort -t "$(printf '\t')" -k1,1 -s "$results" | awk -F'\t' -v kernel="$kernel" -f scripts/bench.awk
echo "load $(cut -d' ' -f1-3 /proc/loadavg)"
