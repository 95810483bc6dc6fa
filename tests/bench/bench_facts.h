/* SPDX-License-Identifier: Apache-2.0 */
/* Made-up facts of a host, of about the size of real ones. */
#ifndef PLIMSOLL_TESTS_BENCH_BENCH_FACTS_H
#define PLIMSOLL_TESTS_BENCH_BENCH_FACTS_H

#include "proto/arena.h"
#include "proto/plimsoll.pb-c.h"

Plimsoll__Facts *bench_facts(struct arena *arena, size_t containers);

#endif
