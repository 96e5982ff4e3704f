# bench.awk: from lines "name<tab>number" (those of a name together, in the order of the rounds) to the table of speeds.

{ value[$1, ++count[$1]] = $2 }

# The median of list[1..n]; sorts it.
function median_of(list, n,    i, k, x) {
	for (i = 2; i <= n; i++) {
		x = list[i] + 0
		for (k = i - 1; k >= 1 && list[k] > x; k--)
			list[k + 1] = list[k]
		list[k + 1] = x
	}
	return n % 2 ? list[(n + 1) / 2] : (list[n / 2] + list[n / 2 + 1]) / 2
}

function median(name,    i, list) {
	for (i = 1; i <= count[name]; i++)
		list[i] = value[name, i]
	return count[name] ? median_of(list, count[name]) : 0
}

# The median of a[i] / b[i], round by round: both of a round met the same machine.
function ratio(a, b,    i, n, list) {
	n = count[a] < count[b] ? count[a] : count[b]
	for (i = 1; i <= n; i++)
		list[i] = value[a, i] / value[b, i]
	return n ? median_of(list, n) : 0
}

function row(what, ours, beside, figure, target, good) {
	printf "%-38s %-20s %-38s %-10s %-10s %s\n", what, ours, beside, figure, target, good
	rows++
	reached += good == "yes"
}

function verdict(good) { return good ? "yes" : "NO" }

# At least `least` times (or, with a unit of %, that part of) what b is.
function above(what, a, b, least, factor, unit, ours, beside,    r) {
	if (!count[a] || !count[b]) {
		row(what, count[a] ? ours : "not measured", "(not measured)", "-", sprintf(">= %g %s", least * factor, unit), "-")
		return
	}
	r = ratio(a, b)
	row(what, ours, beside, sprintf("%.3g %s", r * factor, unit), sprintf(">= %g %s", least * factor, unit), verdict(r >= least))
}

function below(what, name, most, unit, beside) {
	row(what, sprintf("%.3g %s", median(name), unit), beside, sprintf("%.3g %s", median(name), unit),
		sprintf("<= %g %s", most, unit), verdict(median(name) <= most))
}

END {
	printf "%-38s %-20s %-38s %-10s %-10s %s\n", "what", "descentd", "beside", "figure", "target", "reached"
	for (t = 1; t <= 2; t++)
		above("logistic GD 1,000,000 x 32, " t " thread" (t > 1 ? "s" : ""), "logistic.step." t, "logistic.sum." t, 0.7, 100, "%",
			sprintf("%.1f GB/s", median("logistic.step." t)), sprintf("plain sum %.1f GB/s", median("logistic.sum." t)))
	split("sgd.64 adam.64 sgd.256 adam.256", mlp, " ")
	split("1.6 3 1.3 1.7", least, " ")
	for (k = 1; k <= 4; k++) {
		o = mlp[k]
		split(o, part, ".")
		what = "MLP 784-128-10, batch " part[2] ", " part[1]
		above(what, "mlp." o ".1", "torch." o, least[k], 1, "x", sprintf("%.0f samples/s", median("mlp." o ".1")),
			sprintf("PyTorch %.0f samples/s", median("torch." o)))
		above("  on 2 threads", "mlp." o ".2", "mlp." o ".1", part[2] == 256 ? 1.6 : 1.3, 1, "x",
			sprintf("%.0f samples/s", median("mlp." o ".2")), "our own one thread")
		printf "%-38s %-20s %-38s %.2f x\n", "  what two cores can do now", "", "two runs of one thread each, at once",
			median("mlp." o ".together")
		printf "%-38s %-20s %-38s %.0f %%\n", "  of its bare products", "",
			sprintf("sgemm alone %.0f samples/s", median("mlp." o ".products")), 100 * ratio("mlp." o ".1", "mlp." o ".products")
	}
	above("MLP 784-1024-1024-10, batch 64, sgd, 2 thr.", "mlp.wide.sgd.64.2", "mlp.wide.sgd.64.1", 1.3, 1, "x",
		sprintf("%.0f samples/s", median("mlp.wide.sgd.64.2")),
		sprintf("our own one thread %.0f samples/s", median("mlp.wide.sgd.64.1")))
	for (k = 1; k <= 4; k++) {
		o = "lenet." mlp[k]
		split(mlp[k], part, ".")
		what = "LeNet-5 on MNIST, batch " part[2] ", " part[1]
		above(what, "mlp." o ".1", "torch." o ".1", 1, 1, "x", sprintf("%.0f samples/s", median("mlp." o ".1")),
			sprintf("PyTorch %.0f samples/s", median("torch." o ".1")))
		best = "torch." o (median("torch." o ".2") > median("torch." o ".1") ? ".2" : ".1")
		above("  on 2 threads", "mlp." o ".2", best, 1, 1, "x", sprintf("%.0f samples/s", median("mlp." o ".2")),
			sprintf("PyTorch at its best %.0f samples/s", median(best)))
		above("  on 2 threads", "mlp." o ".2", "mlp." o ".1", 1.3, 1, "x", sprintf("%.0f samples/s", median("mlp." o ".2")),
			"our own one thread")
	}
	beside = count["linear.numpy"] ? sprintf("numpy %.1f us", median("linear.numpy")) : ""
	if (count["linear.torch"])
		beside = beside sprintf(", PyTorch %.0f us", median("linear.torch"))
	below("linear regression 150 x 4, Adam, a step", "linear.step", 1, "us", beside)
	below("Rosenbrock function, Adam, a step", "rosenbrock.step", 0.2, "us", sprintf("plain C %.3f us", median("rosenbrock.plain")))
	below("  as an expression", "rosenbrock.expression", 0.25, "us", sprintf("plain C %.3f us", median("rosenbrock.plain")))
	split("logit margin", form, " ")
	split("log1p(exp(z)) - y*z|log1p(exp(-y*z))", formula, "|")
	for (k = 1; k <= 4; k++) {
		what = "expression." form[k < 3 ? 1 : 2] "." (k % 2 ? "float32" : "float64")
		figure = ratio(what ".written", what ".built_in")
		row((k % 2 ? "expression " formula[k < 3 ? 1 : 2] ", f32" : "  float64"), sprintf("%.2f ns a row", median(what ".written")),
			sprintf("built-in %.2f ns a row", median(what ".built_in")), sprintf("%.2f x", figure), "<= 1.1 x",
			verdict(figure <= 1.1))
	}
	below("parse and plan an expression", "expression.plan", 200, "us", "")
	below("the worst expression at its limits", "expression.hostile", 1000, "us", "")
	what = "Rosenbrock by L-BFGS to 1e-10"
	ours = sprintf("%.1f us", median("rosenbrock.lbfgs"))
	if (count["rosenbrock.liblbfgs"]) {
		figure = median("rosenbrock.lbfgs") / (1e6 * median("rosenbrock.liblbfgs"))
		row(what, ours, sprintf("liblbfgs %.1f us", 1e6 * median("rosenbrock.liblbfgs")), sprintf("%.2f x", figure), "<= 2 x",
			verdict(figure <= 2))
	} else
		row(what, ours, "(not measured)", "-", "<= 2 x", "-")
	for (t = 1; t <= 2; t++) {
		figure = ratio("large.adam." t, "large.plain." t)
		row("Adam, 10,000,000 float32, " t " thread" (t > 1 ? "s" : ""), sprintf("%.1f ms", median("large.adam." t) / 1000),
			sprintf("plain loop %.1f ms", median("large.plain." t) / 1000), sprintf("%.2f x", figure), "<= 1.3 x",
			verdict(figure <= 1.3))
	}
	what = "logistic, adult one-hot, to 1e-6"
	ours = count["adult.seconds"] ? sprintf("%.3f s", median("adult.seconds")) : "not measured"
	if (count["adult.liblinear"])
		above(what, "adult.liblinear", "adult.seconds", 1, 1, "x", ours, sprintf("liblinear -s 0 %.3f s", median("adult.liblinear")))
	else
		row(what, ours, "(not measured)", "-", ">= 1 x", "-")
	limit = 3 * median("post.fdatasync.ms") + 2
	row("POST iris, wait, beyond the training", sprintf("%.2f ms", median("post.beyond.ms")),
		sprintf("fdatasync %.2f ms", median("post.fdatasync.ms")), sprintf("%.2f ms", median("post.beyond.ms")),
		sprintf("<= %.2f ms", limit), verdict(median("post.beyond.ms") <= limit))
	split("ended running", state, " ")
	for (k = 1; k <= 2; k++) {
		g = "get." state[k]
		above("GET a job, " state[k], g, g ".bare", 0.6, 100, "%", sprintf("%.0f /s", median(g)),
			sprintf("bare server %.0f /s, %d bytes", median(g ".bare"), median(g ".bytes")))
	}
	below("start to listening, empty folder", "start.ms", 20, "ms", "")
	below("resident memory, idle", "idle.mib", 12, "MB", "")
	printf "%d of %d targets reached\n", reached, rows
}
