/* SPDX-License-Identifier: Apache-2.0 */
/* Which image another was built from, as far as both are here. Internal to derive_build*.c. */
#ifndef PLIMSOLL_CHECKS_DERIVE_BUILD_BASE_H
#define PLIMSOLL_CHECKS_DERIVE_BUILD_BASE_H

#include <stddef.h>

#include "proto/base.h"
#include "proto/plimsoll.pb-c.h"

struct build_bases;

struct build_bases *build_bases_new(void);
void build_bases_free(struct build_bases *bases);
PLIMSOLL_AUTOPTR(build_bases, build_bases_free)

/* An image that others may be built from; one without a tag is none. The image is borrowed. */
void build_bases_add(struct build_bases *bases, const Plimsoll__Image *image, size_t n_steps);

/*
 * The tag of the first image in the line of image's bases that has the step already.
 *
 * age    of the step: 0 is the oldest.
 * gives  borrows from that image; NULL: the step is image's own, or its base is not here.
 */
const char *build_bases_find(const struct build_bases *bases, const Plimsoll__Image *image,
			     size_t n_steps, size_t age);

#endif
