/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Our verdicts in the words of docker-bench-security 1.6.0, for its two formats: the console's and
 * log.json. Texts are the host's own; who writes them out makes them harmless.
 */
#ifndef PLIMSOLL_SERVER_FORMAT_DOCKER_BENCH_H
#define PLIMSOLL_SERVER_FORMAT_DOCKER_BENCH_H

#include "server/format/format.h"

/* The script's release whose formats these are; it prints this in log.json. */
#define DOCKER_BENCH_VERSION "1.6.0"

/* PASS, WARN, NOTE, or INFO: what does not apply and what could not be seen. */
const char *docker_bench_word(enum verdict verdict);

/* Title of a section, "Container Runtime". */
const char *docker_bench_section(const struct benchmark *benchmark, const char *id);
/* "Ensure that privileged containers are not used (Automated)"; free with g_free(). */
char *docker_bench_title(const struct benchmark_entry *entry);

/*
 * What stands below a check: its failing, unknown and manual items, and why it was not decided.
 * Nothing below what passes.
 */
struct docker_bench_evidence {
	GPtrArray *names; /* "web", "web:80/tcp"; */
	GPtrArray *lines; /* "web: Privileged = true (want false)"; a reason may come first */
};

/* free with docker_bench_evidence_done(). */
void docker_bench_evidence_init(struct docker_bench_evidence *evidence,
				const struct result *result);
void docker_bench_evidence_done(struct docker_bench_evidence *evidence);

/* Sums over the benchmarks of a report. */
struct docker_bench_score {
	guint checks;
	int score;
	guint maximum; /* what this host can reach */
};
struct docker_bench_score docker_bench_score(const struct report *report);

/* When the host was looked at, so that the same facts always give the same log. */
int64_t docker_bench_time(const struct report *report);

/* The steps of a fix on one line; free with g_free(). NULL stays NULL. */
char *docker_bench_one_line(const char *text);

#endif
