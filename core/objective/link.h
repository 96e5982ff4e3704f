/* What a model's outputs say about its target: the step from outputs to predictions. */
#ifndef CORE_OBJECTIVE_LINK_H
#define CORE_OBJECTIVE_LINK_H

#include <stdbool.h>
#include <stddef.h>

/* Model cards keep these numbers: new ones go to the end. */
enum link {
	LINK_NATURAL,   /* the number itself; log-odds of the second of two classes; of more the input of a softmax */
	LINK_EXP,       /* exp(z) is the number */
	LINK_SIGN,      /* the class is that of the sign (z > 0: the second) or of the largest; it has no probability */
	LINK_CODE,      /* a code, then the row itself as the model sees it (standardised): autoencoders */
	LINK_SHARES,    /* softmax(z) are the numbers, shares of one whole */
	LINK_GAUSSIAN,  /* the numbers, then as many logarithms of their variances */
	LINK_EMBEDDING, /* a point's embedding */
	LINK_PAIR,      /* the embeddings of two points side by side */
	LINK_TRIPLET,   /* of three */
	LINK_REAL,      /* log-odds that the row is real, not made by a generator */
	LINK_SCORE,     /* a verdict on the row without a probability: the more, the more real */
	LINKS
};

static inline bool link_embeds(enum link link)
{
	return link == LINK_EMBEDDING || link == LINK_PAIR || link == LINK_TRIPLET;
}

/* Numbers that a row of so many outputs predicts. */
size_t link_numbers(enum link link, size_t outputs);
/* p [rows, link_numbers(link, outputs)] of z [rows, outputs]; p may be z. What predicts no numbers of
 * a target is copied. */
void link_apply_f32(enum link link, size_t rows, size_t outputs, const float *z, float *p);
void link_apply_f64(enum link link, size_t rows, size_t outputs, const double *z, double *p);

#endif
