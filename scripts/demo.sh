#!/bin/sh
# demo.sh: the main job on real data, as the README shows it: starts the built service on a free port in a scratch folder,
# uploads two data sets, trains, draws the loss, predicts, and stops the service. Every call that is shown is the call
# that is made. Fails when anything does.
set -eu
cd "$(dirname "$0")/.."
program=build/descentd
scratch=$(mktemp -d "${TMPDIR:-/tmp}/descentd-demo.XXXXXX")
bold='' dim='' plain=''
if [ -t 1 ]; then
	bold=$(printf '\033[1m') dim=$(printf '\033[2m') plain=$(printf '\033[0m')
fi

server=''
stop_server() {
	[ -n "$server" ] && kill "$server" 2>/dev/null && wait "$server" 2>/dev/null
	server=''
}
trap 'stop_server' EXIT
trap 'exit 130' INT TERM HUP PIPE

fail() {
	echo "demo: $*" >&2
	[ -s "$scratch/log" ] && tail -n 5 "$scratch/log" >&2
	exit 1
}

# call FILE COMMAND: shows a command, runs it, keeps its answer in FILE.
call() {
	printf '%s$ %s%s\n' "$bold" "$2" "$plain"
	eval "$2" >"$scratch/$1" || fail "no answer to: $2"
	jq -e 'type == "object" and (.errors == null)' "$scratch/$1" >/dev/null || fail "refused: $(cat "$scratch/$1")"
}

# of FILE FILTER: a value of an answer.
of() { jq -r "$2" "$scratch/$1"; }

# chart: reads "step loss" lines; columns on a logarithmic scale, each the mean of its share of the points.
chart() {
	awk -v width=64 -v height=10 -v dim="$dim" -v plain="$plain" '
	{ step[NR] = $1; loss[NR] = $2 }
	END {
		if (NR < 2) exit 1
		if (NR < width) width = NR
		split("▁ ▂ ▃ ▄ ▅ ▆ ▇ █", block, " ")
		for (c = 1; c <= width; c++) {
			first = int((c - 1) * NR / width) + 1; last = int(c * NR / width)
			sum = 0
			for (i = first; i <= last; i++) sum += loss[i]
			mean[c] = sum / (last - first + 1)
			if (c == 1 || mean[c] > top) top = mean[c]
			if (c == 1 || mean[c] < low) low = mean[c]
		}
		if (low <= 0 || top == low) exit 1
		for (r = height; r >= 1; r--) {
			line = ""
			for (c = 1; c <= width; c++) {
				share = (log(mean[c]) - log(low)) / (log(top) - log(low))
				eighths = 1 + int(share * (height * 8 - 1) + 0.5) - (r - 1) * 8
				line = line (eighths >= 8 ? block[8] : eighths >= 1 ? block[eighths] : " ")
			}
			label = r == height ? sprintf("%8.4f", top) : r == 1 ? sprintf("%8.4f", low) : r == int(height / 2) + 1 ? "    loss" : "        "
			sub(/ +$/, "", line)
			print "  " dim label " │" plain line
		}
		bar = ""
		for (c = 1; c <= width; c++) bar = bar "─"
		print "  " dim "         └" bar
		printf "  %10sstep %d%*s%s\n", "", step[1], width - 5 - length(step[1] ""), "step " step[NR], plain
	}'
}

# watch JOB: its progress until it ends: one line that moves on a terminal, else a line a quarter.
watch() {
	quarter=-1
	while :; do
		curl -fsS "$H/v1/jobs/$1" >"$scratch/now" || fail "the job is gone"
		line=$(jq -r '"\(.status) epoch \(.progress.epoch // 0 | floor) of \(.progress.epochs) loss \(.metrics.train_loss // "-") percent \(.progress.fraction * 100 | floor)"' "$scratch/now")
		percent=${line##* }
		if [ -t 1 ]; then
			printf '\r  %s ' "$(awk -v p="$percent" 'BEGIN { for (i = 0; i < 30; i++) printf i < p * 0.3 ? "█" : "░" }')$dim ${line% percent*}$plain      "
		elif [ $((percent / 25)) -gt $quarter ]; then
			quarter=$((percent / 25))
			echo "  $percent % ${line% percent*}"
		fi
		case $line in queued* | running*) sleep 0.1 ;; *) break ;; esac
	done
	[ -t 1 ] && echo
	[ "$(of now .status)" = succeeded ] || fail "the job ended as $(cat "$scratch/now")"
}

[ -x $program ] || fail "$program is not built: make demo builds it"
$program --listen 127.0.0.1:0 --data-dir "$scratch/data" >"$scratch/out" 2>"$scratch/log" &
server=$!
tries=0
until H=$(sed -n 's/^descentd listening on //p' "$scratch/out") && [ -n "$H" ]; do
	kill -0 "$server" 2>/dev/null || fail "the service did not start"
	tries=$((tries + 1))
	[ $tries -lt 400 ] || fail "the service does not listen"
	sleep 0.05
done
echo "descentd listens on $H, its data in $scratch/data"

echo
echo "${bold}1. Iris${plain}: 150 flowers, 3 species. Upload, train with defaults, wait for the end."
call iris 'curl -s --data-binary @tests/data/iris.csv "$H/v1/datasets?name=iris&target=target"'
D=$(of iris .id)
echo "  $(of iris '"\(.id): \(.rows) rows, \(.columns | length) columns, target \(.target)"')"
call job "curl -s -H 'Prefer: wait=30' --json '{\"dataset\": {\"id\": \"'\$D'\"}, \"model\": {\"type\": \"softmax_regression\"}}' \"\$H/v1/jobs?include=curve\""
J=$(of job .id)
of job '.curve.series | [.step, .train_loss] | transpose[] | select(.[1] != null) | "\(.[0]) \(.[1])"' | chart
echo "  $(of job '"\(.status) (\(.stop_reason)) after \(.progress.step) steps in \(.progress.seconds * 1000 | round) ms: loss \(.metrics.train_loss * 10000 | round / 10000), accuracy \(.metrics.train_accuracy * 1000 | round / 10) %"')"
call predicted 'curl -s --json '\''{"inputs": [[5.1, 3.5, 1.4, 0.2], [6.3, 3.3, 6.0, 2.5]]}'\'' "$H/v1/jobs/$J/predictions"'
echo "  species $(of predicted '[.predictions, [.probabilities[] | max]] | transpose | map("\(.[0]) (\(.[1] * 100 | round) %)") | join(" and ")')"
iris_accuracy=$(of job .metrics.train_accuracy)

echo
echo "${bold}2. Digits${plain}: 1,797 handwritten digits of 8 x 8 pixels. A network, a fifth of the rows held back to judge it."
call digits 'curl -s --data-binary @tests/data/digits.csv "$H/v1/datasets?name=digits&target=target"'
D=$(of digits .id)
cat >"$scratch/job.json" <<'JOB'
{
  "name": "digits",
  "dataset": {"id": "DATASET", "validation_fraction": 0.2},
  "model": {"type": "mlp", "loss": "cross_entropy",
    "layers": [{"type": "dense", "units": 256, "activation": "relu"}, {"type": "dense", "units": 128, "activation": "relu"}]},
  "optimizer": {"type": "adam", "learning_rate": 0.001, "schedule": {"type": "cosine", "warmup_steps": 100}},
  "training": {"epochs": 150, "batch_size": 32, "seed": 42}
}
JOB
sed -i "s/DATASET/$D/" "$scratch/job.json"
sed 's/^/  /' "$scratch/job.json"
call job "curl -s --json @$scratch/job.json \"\$H/v1/jobs\""
J=$(of job .id)
watch "$J"
call curve 'curl -s "$H/v1/jobs/$J/curve"'
of curve '.series | [.step, .train_loss] | transpose[] | select(.[1] != null) | "\(.[0]) \(.[1])"' | chart
cp "$scratch/now" "$scratch/job"
echo "  $(of job '"\(.progress.step) steps in \(.progress.seconds * 1000 | round) ms (\(.progress.step * 32 / .progress.seconds | round) rows a second): accuracy \(.metrics.validation_accuracy * 1000 | round / 10) % on the rows held back, \(.metrics.train_accuracy * 1000 | round / 10) % on the others"')"
digits_accuracy=$(of job .metrics.validation_accuracy)
echo "  The last digit of the file, as it was written, and as it is read:"
tail -n 1 tests/data/digits.csv | tr -d '\r' | awk -F, '{
	split(" ,░,▒,▓,█", shade, ",")
	for (i = 0; i < 8; i++) {
		line = "      "
		for (j = 1; j <= 8; j++) { s = shade[int($(8 * i + j) / 3.5) + 1]; line = line s s }
		print line
	}
}'
pixels=$(tail -n 1 tests/data/digits.csv | tr -d '\r' | sed 's/,[^,]*$//')
printf '{"inputs": [[%s]]}' "$pixels" >"$scratch/digit.json"
call predicted "curl -s --json @$scratch/digit.json \"\$H/v1/jobs/\$J/predictions\""
echo "  a $(of predicted '"\(.predictions[0]), \(.probabilities[0] | max * 1000 | round / 10) % sure"') (written as $(tail -n 1 tests/data/digits.csv | tr -d '\r' | sed 's/.*,//'))"

echo
echo "${bold}3. Where it is${plain}"
call weights 'curl -s "$H/v1/jobs/$J/weights"'
echo "  $(of weights '[.parameters[] | "\(.name) \(.shape)"] | join(", ")')"
call list 'curl -s "$H/v1/jobs?status=succeeded"'
of list '.data[] | "  \(.id)  \(.name // "-")  \(.spec.model.type)  \(.status)  loss \(.metrics.train_loss)"'
pid=$server
kill "$pid"
code=0
wait "$pid" || code=$?
server=''
[ $code = 0 ] || fail "the service ended with $code"
echo
echo "The service has stopped with exit code 0. Jobs, curves and weights are in one SQLite file:"
echo "  $scratch/data/descentd.db ($(($(wc -c <"$scratch/data/descentd.db") / 1024)) KiB)"
echo "To ask it again:"
echo "  $program --data-dir $scratch/data"
echo "  curl 'http://127.0.0.1:8080/v1/jobs/$J/curve?format=csv'"
echo "  curl http://127.0.0.1:8080/v1/jobs/$J/weights"
awk -v a="$iris_accuracy" -v b="$digits_accuracy" 'BEGIN { exit !(a > 0.9 && b > 0.9) }' || fail "the accuracy is too low"
