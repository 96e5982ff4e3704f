/*
 * A job's `dataset.generator`: rows that the service draws itself, as CSV text in pieces, so that they go through the
 * same importer as an upload in memory that does not grow with them.
 */
#ifndef API_GENERATED_H
#define API_GENERATED_H

#include "api/job_spec.h"
#include "core/data/generator.h"

/* The draft names a generator, and no rows of its own beside it (two sources are the judge's to refuse). */
bool job_draft_has_generator(const struct job_draft *draft);
/* Reads type and settings. OK with *out owned (generator_destroy); E_INVALID with faults, E_MEMORY. */
enum status job_draft_generator(const struct job_draft *draft, struct generator **out, struct problem *problem);

/* Adds the header line, then rows begin ... end - 1, numbers exact; how many rows make a piece of fair size. */
void generated_header(const struct generator *generator, struct text *out);
void generated_rows(const struct generator *generator, size_t begin, size_t end, double *scratch, struct text *out);
/* scratch: [generated_piece x columns] at least. */
size_t generated_piece(const struct generator *generator);

#endif
