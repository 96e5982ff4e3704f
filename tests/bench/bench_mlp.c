/*
 * An MLP 784-128-10 on the MNIST training set, batch 64, one thread: bench_mlp sgd|adam [FOLDER], or bench_mlp name for
 * the kernels used.
 *
 * Two epochs through the trainer as a job would have them (shuffled, default recording), and one of the same dense
 * products called plainly on rows in their order: what nobody who uses this library can go below. In samples/s. FOLDER
 * holds the two gzipped IDX files; without it the pixels are made up, as many of them zero as in the originals.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "core/kernels/blas.h"
#include "core/kernels/gemm.h"
#include "core/kernels/kernels.h"
#include "tests/bench/bench.h"

enum { ROWS = 60000, PIXELS = 784, HIDDEN = 128, CLASSES = 10, BATCH = 64, EPOCHS = 2 };

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
static double products_rate(const float *x)
{
	static float w1[PIXELS * HIDDEN], w2[HIDDEN * CLASSES], h[BATCH * HIDDEN], z[BATCH * CLASSES],
		d[BATCH * HIDDEN], g1[PIXELS * HIDDEN], g2[HIDDEN * CLASSES];
	const struct blas *blas = blas_get();
	if (blas == NULL) {
		bench_fail("no OpenBLAS");
	}
	bench_numbers(w1, PIXELS * HIDDEN, 7);
	bench_numbers(w2, HIDDEN * CLASSES, 8);
	double begin = bench_now();
	size_t rows = 0;
	for (; rows + BATCH <= ROWS; rows += BATCH) {
		const float *batch = x + rows * PIXELS;
		product(blas, false, false, BATCH, HIDDEN, PIXELS, batch, PIXELS, w1, HIDDEN, h);
		product(blas, false, false, BATCH, CLASSES, HIDDEN, h, HIDDEN, w2, CLASSES, z);
		product(blas, true, false, HIDDEN, CLASSES, BATCH, h, HIDDEN, z, CLASSES, g2);
		product(blas, false, true, BATCH, HIDDEN, CLASSES, z, CLASSES, w2, CLASSES, d);
		product(blas, true, false, PIXELS, HIDDEN, BATCH, batch, PIXELS, d, HIDDEN, g1);
	}
	return (double)rows / (bench_now() - begin);
}

static double run_rate(struct trainer *trainer)
{
	double begin = bench_now();
	uint64_t steps = bench_advance(trainer, UINT32_MAX);
	return (double)steps * BATCH / (bench_now() - begin);
}

int main(int argc, char **argv)
{
	const char *optimizer = argc > 1 ? argv[1] : "sgd";
	bool adam = strcmp(optimizer, "adam") == 0;
	char body[512], name[64];
	struct bench_data data;
	struct bench_job job;
	gemm_settings();
	if (strcmp(optimizer, "name") == 0) {
		printf("instruction set %s, OpenBLAS %s\n", kernels_active()->isa, gemm_init());
		return 0;
	}
	bench_data_init(&data, ROWS, PIXELS, CLASSES);
	float *x = (float *)(uintptr_t)data.view.x;
	int32_t *label = (int32_t *)(uintptr_t)data.view.label;
	if (argc < 3 || !load(argv[2], x, label)) {
		make_up(x, label);
	}
	snprintf(body, sizeof body,
		 "{\"dataset\":{\"id\":\"ds_bench\",\"target\":\"target\"},"
		 "\"model\":{\"type\":\"mlp\",\"layers\":[{\"type\":\"dense\",\"units\":%d,\"activation\":\"relu\"}],"
		 "\"loss\":\"cross_entropy\"},"
		 "\"optimizer\":{\"type\":\"%s\",\"learning_rate\":%s},"
		 "\"training\":{\"batch_size\":%d,\"epochs\":%d}}",
		 HIDDEN, optimizer, adam ? "0.001" : "0.1", BATCH, EPOCHS);
	bench_job_init(&job, body, &data, 1);
	struct executor executor = executor_serial();
	struct trainer *trainer = bench_job_start(&job, &executor);
	snprintf(name, sizeof name, "mlp.%s.products", optimizer);
	bench_result(name, products_rate(x));
	snprintf(name, sizeof name, "mlp.%s", optimizer);
	bench_result(name, run_rate(trainer));
	struct evaluation evaluation;
	if (trainer_evaluate(trainer, trainer_parameters(trainer), &data.view, &evaluation) != OK) {
		bench_fail("the accuracy cannot be measured");
	}
	snprintf(name, sizeof name, "mlp.%s.accuracy", optimizer);
	bench_result(name, evaluation.accuracy);
	trainer_destroy(trainer);
	bench_job_fini(&job);
	bench_data_fini(&data);
	return 0;
}
