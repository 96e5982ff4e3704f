/* What the files of a certificate share. */
#ifndef CORE_CERTIFICATE_INTERNAL_H
#define CORE_CERTIFICATE_INTERNAL_H

#include "core/certificate/certificate.h"

/* --- certificate.c --- */

/* Numbers that may still be touched. */
struct purse {
	double left;
};

/* Numbers that a gradient over all rows touches. */
double pass_numbers(const struct certificate_request *request);
/* Numbers that a gradient has: all of theta but the buffers at its end. */
size_t request_moving(const struct certificate_request *request);
/* Number i of an array of the objective's dtype, and the 2-norm of one as long as a gradient. */
double request_get(const struct certificate_request *request, const void *array, size_t i);
double request_norm(const struct certificate_request *request, const void *array);
/* OK, E_CANCELLED and what evaluate() says. */
enum status gradient_at(const struct certificate_request *request, const void *theta, const struct batch *batch,
			void *gradient);

/* --- glm.c: a linear model's problem in double precision, whatever the job's ---
 *
 *   F(W, b) = 1/N sum_ik phi(z_ik, y_ik) + l1 |W|_1 + l2/2 |W|^2,   z = X W + b     (N = rows, times targets)
 */
enum glm_loss {
	GLM_NONE,
	GLM_SQUARES,       /* scale (z - y)^2 */
	GLM_LOG,           /* log(1 + exp(z)) - y z, y in {0, 1} */
	GLM_HINGE,         /* max(0, 1 - s z), s in {-1, 1} */
	GLM_SQUARED_HINGE, /* its square */
	GLM_HUBER,         /* scale (d^2 / 2 up to |d| = delta, then delta (|d| - delta/2)), d = z - y */
	GLM_POISSON,       /* exp(z) - y z */
};

enum { GLM_PIECES = 16 };

struct glm {
	enum glm_loss loss;
	double scale, delta;
	double l1, l2;
	bool intercept, penalized; /* is there a bias; do the penalties count it */
	const struct data_view *data;
	size_t features, outputs, rows;
	size_t stride; /* row i is row i * stride of the data */
	double count;  /* N */
	struct executor *executor;
	double *w, *b;   /* [features, outputs], [outputs] */
	double *u;       /* [rows, outputs] what a pass needs of each row */
	double *kept;    /* [rows, outputs] what a caller keeps of each row between passes */
	double *product; /* [features + 1, outputs]: X'u and, last, the sums of u */
	double *partial; /* [GLM_PIECES, features + 1, outputs] */
	void *memory;    /* all of these */
};

/* Whether the model is one of these, whose rows count alike; *bytes that glm_init takes. */
enum glm_loss glm_loss_of(const struct model_config *model);
bool glm_bytes(size_t features, size_t outputs, uint64_t rows, size_t *bytes);
/* OK or E_MEMORY; at theta. E_UNSUPPORTED: not such a model. */
enum status glm_init(struct glm *self, const struct certificate_request *request);
void glm_fini(struct glm *self);
/* u = X w + b. OK or E_CANCELLED. */
enum status glm_outputs(struct glm *self, const double *w, const double *b);
/* product = (X'u; 1'u). OK or E_CANCELLED. */
enum status glm_gather(struct glm *self);
/* What the target is for row i, output k: y, 0 or 1, -1 or 1. */
double glm_target(const struct glm *self, size_t i, size_t k);
/* phi, and its first and second derivative (may be NULL). */
double glm_phi(const struct glm *self, double z, double y, double *first, double *second);
/* l1 |w|_1 + l2/2 |w|^2 of all that is penalized. */
double glm_penalty(const struct glm *self, const double *w, const double *b);

/* duality.c: *primal = F at w, b; *dual a lower bound of min F. E_UNSUPPORTED: no bound is known. */
enum status duality(struct glm *self, double *primal, double *dual);
/* svm.c: the dual point of a hinge loss at outputs kept [rows] into u [rows]: u = -s a, 0 <= a <= 1, sum s a = 0 where
 * there is a free intercept. OK, E_CANCELLED, E_MEMORY. */
enum status svm_dual(struct glm *self);
/* Bytes that it takes. */
size_t svm_bytes(size_t features);

/* closed_form.c: the solution of least squares with l2, and how far theta is from it. OK, E_CANCELLED, E_MEMORY,
 * E_UNSUPPORTED: there is no such solution, or it is too ill-conditioned to be one. */
enum status closed_form(struct glm *self, double *distance, double *gap);
/* Bytes that it takes. */
bool closed_form_bytes(size_t features, size_t outputs, size_t *bytes);

/* curvature.c: the ends of the spectrum, as far as the purse pays for them. OK, E_CANCELLED, E_MEMORY. glm_curvature
 * leaves *linear with other rows. */
enum { CURVATURE_MOST = 1 << 20 }; /* parameters; above it is left out: its vectors would take much memory */
enum status glm_curvature(struct glm *linear, struct purse *purse, struct certificate *out);
enum status general_curvature(const struct certificate_request *request, struct purse *purse, struct certificate *out);

/* lanczos.c: by Lanczos' method. */
struct spectrum {
	double smallest, largest;
	uint64_t products;
};
/* out = H v; both [n]. */
typedef enum status hessian_product(void *context, const double *v, double *out);
bool lanczos_bytes(size_t n, size_t *bytes);
enum status lanczos(size_t n, size_t most, hessian_product *product, void *context, struct spectrum *out);

/* rate.c */
struct convergence convergence_of(const struct trace_sample *trace, size_t count, double epsilon);

#endif
