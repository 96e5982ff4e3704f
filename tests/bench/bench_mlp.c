/*
 * An MLP on the MNIST training set, in samples/s: bench_mlp sgd|adam BATCH UNITS THREADS[,THREADS] [FOLDER], or
 * bench_mlp name for the kernels used. UNITS: of the hidden layers, "128" or "1024,1024"; or "lenet": two convolutions
 * with pooling and three dense layers instead (LeNet-5 with relu and the largest numbers); or "lenet_norm": the same
 * with batch normalisation behind the convolutions. DESCENT_ISA names the instruction set, as for the service.
 *
 * For each number of threads a job as the service would have it (shuffled, default recording, the service's pool), a
 * stretch of each in turn, and the median of the stretches. With one hidden layer also the same dense products called
 * plainly on rows in their order, by OpenBLAS on one thread; and where a run on two threads is among them, how many
 * times the rate of one such run two runs on one thread each have together, at once: the host's two cores may be two
 * threads of one, or far apart, and no sharing of work can do more than that. FOLDER holds the two gzipped IDX files;
 * without it the pixels are made up, as many of them zero as in the originals.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "core/kernels/blas.h"
#include "core/kernels/gemm.h"
#include "core/kernels/kernels.h"
#include "server/runner/pool.h"
#include "tests/bench/bench.h"

enum { ROWS = 60000, PIXELS = 784, CLASSES = 10, STRETCHES = 15, THREADS_MOST = 8 };

/* The bytes of an IDX file after its header. False: it is not there. */
static bool read_idx(const char *folder, const char *name, size_t header, unsigned char *out, size_t size)
{
	char path[4096], skipped[16];
	snprintf(path, sizeof path, "%s/%s", folder, name);
	gzFile file = gzopen(path, "rb");
	if (file == NULL) {
		return false;
	}
	bool read = gzread(file, skipped, (unsigned)header) == (int)header &&
		    gzread(file, out, (unsigned)size) == (int)size;
	gzclose(file);
	return read;
}

static bool load(const char *folder, float *x, int32_t *label)
{
	unsigned char *bytes = bench_memory((size_t)ROWS * PIXELS);
	bool found = read_idx(folder, "mnist-train-images-idx3-ubyte.gz", 16, bytes, (size_t)ROWS * PIXELS);
	for (size_t i = 0; found && i < (size_t)ROWS * PIXELS; i++) {
		x[i] = (float)bytes[i] / 255.0f;
	}
	found = found && read_idx(folder, "mnist-train-labels-idx1-ubyte.gz", 8, bytes, ROWS);
	for (size_t r = 0; found && r < ROWS; r++) {
		label[r] = bytes[r];
	}
	free(bytes);
	return found;
}

/* A fifth of the pixels is not zero, and which they are says something of the class. */
static void make_up(float *x, const int32_t *label)
{
	bench_numbers(x, (size_t)ROWS * PIXELS, 2385);
	for (size_t r = 0; r < ROWS; r++) {
		for (size_t c = 0; c < PIXELS; c++) {
			bool ink = (c * 31 + (size_t)label[r] * 97) % 23 < 5;
			x[r * PIXELS + c] = ink ? 0.5f + 0.5f * x[r * PIXELS + c] : 0.0f;
		}
	}
}

static void product(const struct blas *blas, bool ta, bool tb, int m, int n, int k, const float *a, int lda,
		    const float *b, int ldb, float *c)
{
	blas->sgemm(CblasRowMajor, ta ? CblasTrans : CblasNoTrans, tb ? CblasTrans : CblasNoTrans, m, n, k, 1, a, lda,
		    b, ldb, 0, c, n);
}

/* samples/s of the five products of a step alone: forward, forward, and back to both weights and the hidden layer. */
static double products_rate(const float *x, int batch, int hidden)
{
	size_t first = (size_t)PIXELS * (size_t)hidden, second = (size_t)hidden * CLASSES;
	size_t rows_hidden = (size_t)batch * (size_t)hidden, rows_classes = (size_t)batch * CLASSES;
	float *w1 = bench_memory(sizeof(float) * (2 * (first + second + rows_hidden) + rows_classes));
	float *g1 = w1 + first, *w2 = g1 + first, *g2 = w2 + second, *h = g2 + second, *d = h + rows_hidden,
	      *z = d + rows_hidden;
	const struct blas *blas = blas_get();
	if (blas == NULL) {
		bench_fail("no OpenBLAS");
	}
	bench_numbers(w1, first, 7);
	bench_numbers(w2, second, 8);
	double begin = bench_now();
	size_t rows = 0;
	for (; rows + (size_t)batch <= ROWS / 4; rows += (size_t)batch) {
		const float *part = x + rows * PIXELS;
		product(blas, false, false, batch, hidden, PIXELS, part, PIXELS, w1, hidden, h);
		product(blas, false, false, batch, CLASSES, hidden, h, hidden, w2, CLASSES, z);
		product(blas, true, false, hidden, CLASSES, batch, h, hidden, z, CLASSES, g2);
		product(blas, false, true, batch, hidden, CLASSES, z, CLASSES, w2, CLASSES, d);
		product(blas, true, false, PIXELS, hidden, batch, part, PIXELS, d, hidden, g1);
	}
	double rate = (double)rows / (bench_now() - begin);
	free(w1);
	return rate;
}

/* A job of its own on `threads` threads. */
struct run {
	size_t threads;
	struct pool *pool;
	struct executor *executor;
	struct bench_job job;
	struct trainer *trainer;
	double rate[STRETCHES];
};

static void run_start(struct run *run, const char *body, const struct bench_data *data)
{
	if (pool_create(run->threads, &run->pool, NULL) != OK) {
		bench_fail("no pool of %zu threads", run->threads);
	}
	run->executor = pool_executor_create(run->pool, NULL);
	if (run->executor == NULL) {
		bench_fail("no memory");
	}
	bench_job_init(&run->job, body, data, run->threads);
	run->trainer = bench_job_start(&run->job, run->executor);
}

static void run_stretch(struct run *run, size_t batch, size_t rows, double *rate)
{
	pool_executor_begin(run->executor);
	double begin = bench_now();
	uint64_t steps = bench_advance(run->trainer, rows / batch);
	*rate = (double)(steps * batch) / (bench_now() - begin);
	pool_executor_end(run->executor);
}

static void run_end(struct run *run)
{
	trainer_destroy(run->trainer);
	bench_job_fini(&run->job);
	pool_executor_destroy(run->executor);
	pool_destroy(run->pool);
}

/* --- what two cores can do --- */

struct apart {
	struct run *run;
	pthread_barrier_t *start;
	size_t batch, rows;
	double rate;
};

static void *apart_main(void *argument)
{
	struct apart *apart = argument;
	pthread_barrier_wait(apart->start);
	run_stretch(apart->run, apart->batch, apart->rows, &apart->rate);
	return NULL;
}

/* The rates of two runs on one thread each at the same time, added up, to that of one of them alone: a median. */
static double together(const char *body, const struct bench_data *data, size_t batch, size_t rows)
{
	static struct run run[2];
	double ratio[STRETCHES];
	for (size_t r = 0; r < 2; r++) {
		run[r].threads = 1;
		run_start(&run[r], body, data);
	}
	for (size_t s = 0; s < STRETCHES; s++) {
		pthread_barrier_t start;
		pthread_t other;
		double alone;
		struct apart apart[2] = { { &run[0], &start, batch, rows, 0 }, { &run[1], &start, batch, rows, 0 } };
		pthread_barrier_init(&start, NULL, 2);
		if (pthread_create(&other, NULL, apart_main, &apart[1]) != 0) {
			bench_fail("no thread");
		}
		apart_main(&apart[0]);
		pthread_join(other, NULL);
		pthread_barrier_destroy(&start);
		run_stretch(&run[0], batch, rows, &alone);
		ratio[s] = (apart[0].rate + apart[1].rate) / alone;
	}
	run_end(&run[0]);
	run_end(&run[1]);
	return bench_median(ratio, STRETCHES);
}

static const char lenet[] =
	"\"type\":\"sequential\",\"input_shape\":[28,28],\"layers\":[{\"type\":\"conv2d\",\"out_channels\":6,"
	"\"kernel_size\":5,\"padding\":2,\"activation\":\"relu\"},{\"type\":\"max_pool2d\"},{\"type\":\"conv2d\","
	"\"out_channels\":16,\"kernel_size\":5,\"activation\":\"relu\"},{\"type\":\"max_pool2d\"},{\"type\":"
	"\"flatten\"},"
	"{\"type\":\"dense\",\"units\":120,\"activation\":\"relu\"},{\"type\":\"dense\",\"units\":84,\"activation\":"
	"\"relu\"},{\"type\":\"dense\",\"units\":10}]";

static const char lenet_norm[] =
	"\"type\":\"sequential\",\"input_shape\":[28,28],\"layers\":[{\"type\":\"conv2d\",\"out_channels\":6,"
	"\"kernel_size\":5,\"padding\":2},{\"type\":\"batch_norm\"},{\"type\":\"relu\"},{\"type\":\"max_pool2d\"},"
	"{\"type\":\"conv2d\",\"out_channels\":16,\"kernel_size\":5},{\"type\":\"batch_norm\"},{\"type\":\"relu\"},"
	"{\"type\":\"max_pool2d\"},{\"type\":\"flatten\"},{\"type\":\"dense\",\"units\":120,\"activation\":\"relu\"},"
	"{\"type\":\"dense\",\"units\":84,\"activation\":\"relu\"},{\"type\":\"dense\",\"units\":10}]";

/* The request's body. */
static void write_body(char *body, size_t size, const char *optimizer, const char *units, size_t batch)
{
	char layers[1024] = "\"type\":\"mlp\",\"layers\":[", list[256];
	bool first = true;
	snprintf(list, sizeof list, "%s", units);
	for (char *state, *unit = strtok_r(list, ",", &state); unit != NULL; unit = strtok_r(NULL, ",", &state)) {
		size_t used = strlen(layers);
		snprintf(layers + used, sizeof layers - used,
			 "%s{\"type\":\"dense\",\"units\":%s,\"activation\":\"relu\"}", first ? "" : ",", unit);
		first = false;
	}
	bool normed = strcmp(units, "lenet_norm") == 0, images = normed || strcmp(units, "lenet") == 0;
	snprintf(body, size,
		 "{\"dataset\":{\"id\":\"ds_bench\",\"target\":\"target\"},"
		 "\"model\":{%s%s,\"loss\":\"cross_entropy\"},"
		 "\"optimizer\":{\"type\":\"%s\",\"learning_rate\":%s},"
		 "\"training\":{\"batch_size\":%zu,\"epochs\":1000}}",
		 normed   ? lenet_norm
		 : images ? lenet
			  : layers,
		 images ? "" : "]", optimizer, strcmp(optimizer, "adam") == 0 ? "0.001" : "0.1", batch);
}

static size_t start_runs(struct run *run, char *threads, const char *body, const struct bench_data *data)
{
	size_t runs = 0;
	for (char *state, *word = strtok_r(threads, ",", &state); word != NULL && runs < THREADS_MOST;
	     word = strtok_r(NULL, ",", &state)) {
		run[runs].threads = strtoul(word, NULL, 10);
		run_start(&run[runs++], body, data);
	}
	return runs;
}

int main(int argc, char **argv)
{
	char body[2048], name[128];
	static struct run run[THREADS_MOST];
	struct bench_data data;
	if (!kernels_select(getenv("DESCENT_ISA"))) {
		bench_fail("no such instruction set here");
	}
	gemm_settings();
	if (argc == 2 && strcmp(argv[1], "name") == 0) {
		printf("instruction set %s, OpenBLAS %s\n", kernels_active()->isa, gemm_init());
		return 0;
	}
	if (argc < 5) {
		bench_fail("bench_mlp sgd|adam BATCH UNITS THREADS[,THREADS] [FOLDER]");
	}
	const char *optimizer = argv[1], *units = argv[3];
	size_t batch = strtoul(argv[2], NULL, 10);
	bench_data_init(&data, ROWS, PIXELS, CLASSES);
	float *x = (float *)(uintptr_t)data.view.x;
	int32_t *label = (int32_t *)(uintptr_t)data.view.label;
	if (argc < 6 || !load(argv[5], x, label)) {
		make_up(x, label);
	}
	write_body(body, sizeof body, optimizer, units, batch);
	size_t runs = start_runs(run, argv[4], body, &data);
	bool images = strncmp(units, "lenet", strlen("lenet")) == 0, wide = strchr(units, ',') != NULL || images;
	size_t stretch = wide ? 2048 : 12288; /* rows: some 50 ms, or less */
	for (size_t s = 0; s < STRETCHES; s++) {
		for (size_t r = 0; r < runs; r++) {
			run_stretch(&run[r], batch, stretch, &run[r].rate[s]);
		}
	}
	if (!wide && runs > 1) {
		snprintf(name, sizeof name, "mlp.%s.%zu.together", optimizer, batch);
		bench_result(name, together(body, &data, batch, stretch / 4));
	}
	if (!wide) {
		snprintf(name, sizeof name, "mlp.%s.%zu.products", optimizer, batch);
		bench_result(name, products_rate(x, (int)batch, (int)strtol(units, NULL, 10)));
	}
	for (size_t r = 0; r < runs; r++) {
		snprintf(name, sizeof name, "mlp%s%s.%s.%zu.%zu", images || wide ? "." : "",
			 images ? units
			 : wide ? "wide"
				: "",
			 optimizer, batch, run[r].threads);
		bench_result(name, bench_median(run[r].rate, STRETCHES));
		run_end(&run[r]);
	}
	bench_data_fini(&data);
	return 0;
}
