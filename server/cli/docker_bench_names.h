/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The names by which docker-bench-security's command line asks for checks: functions (check_5_5)
 * and groups (container_runtime, cis_controls_v8_ig1).
 */
#ifndef PLIMSOLL_SERVER_CLI_DOCKER_BENCH_NAMES_H
#define PLIMSOLL_SERVER_CLI_DOCKER_BENCH_NAMES_H

#include "checks/catalogue.h"

/* What names are looked up in. */
struct docker_bench_scope {
	const struct catalogue *catalogue;
	const struct benchmark *const *benchmarks;
	guint n_benchmarks;
};

/*
 * The checks that names mean, without those that other names mean. A name is a whole name:
 * check_5_1 is not check_5_10, and what is left out is left out however deep it stands in a group.
 *
 * only   NULL or empty = "cis", as the script does.
 * gives  a set of const struct check *; free with g_hash_table_unref().
 * error  DOCKER_BENCH_NAMES_ERROR: a name that means nothing, in the script's words.
 */
GHashTable *docker_bench_names_select(const struct docker_bench_scope *scope,
				      const char *const *only, const char *const *skip,
				      GError **error);

#define DOCKER_BENCH_NAMES_ERROR (docker_bench_names_error_quark())
GQuark docker_bench_names_error_quark(void);

#endif
