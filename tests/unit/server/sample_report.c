/* SPDX-License-Identifier: Apache-2.0 */
/* See sample_report.h. */
#include "tests/unit/server/sample_report.h"

#include "server/format/notices.h"

/* Quotes, tags, an entity, comment ends, a terminal sequence, a line of its own, bidi, bad UTF-8.
 */
static const char poison[] =
	"\"'><script>alert(1)</script><img src=x onerror=alert(1)>"
	"</bdi></td></title></style>&lt;&#60;--><!--`$(id)`\033[31m\033]0;x\007"
	"\nfail\tcritical\t9.9\r\xC2\x9B"
	"2J\xE2\x80\xAE\xE2\x81\xA6\xFF";

static const struct check checks[] = {
	{.name = "container-privileged",
	 .title = "Ensure that privileged containers are not used",
	 .severity = SEVERITY_CRITICAL,
	 .mode = MODE_AUTOMATIC,
	 .section = "containers",
	 .subject = "container",
	 .why = "A privileged container is root on the host in all but name.",
	 .fix = "1. Create the container again without --privileged:\n"
		"    docker run --cap-drop ALL IMAGE\n"
		"2. Grant single capabilities with `--cap-add`,\n"
		"   one at a time.\n",
	 .impact = "Programs that drive devices stop working.",
	 .dbs_score = true},
	{.name = "daemon-log-level",
	 .title = "Ensure the logging level is set to 'info'",
	 .severity = SEVERITY_LOW,
	 .mode = MODE_AUTOMATIC,
	 .section = "daemon",
	 .subject = "daemon",
	 .why = "Less than info leaves no trace; more fills the disk.",
	 .fix = "1. In /etc/docker/daemon.json set: \"log-level\": \"info\"\n2. systemctl restart "
		"docker\n",
	 .dbs_score = true},
	{.name = "audit-dockerd-binary",
	 .title = "Ensure auditing is configured for the Docker daemon",
	 .severity = SEVERITY_MEDIUM,
	 .mode = MODE_AUTOMATIC,
	 .section = "host",
	 .subject = "file"},
	{.name = "container-memory-limit",
	 .title = "Ensure that the memory usage for containers is limited",
	 .severity = SEVERITY_MEDIUM,
	 .mode = MODE_AUTOMATIC,
	 .section = "containers",
	 .subject = "container"},
	{.name = "host-hardened",
	 .title = "Ensure the container host has been hardened",
	 .severity = SEVERITY_MEDIUM,
	 .mode = MODE_MANUAL,
	 .section = "host",
	 .subject = "host"},
	{.name = "daemon-live-restore",
	 .title = "Ensure live restore is enabled",
	 .severity = SEVERITY_LOW,
	 .mode = MODE_AUTOMATIC,
	 .section = "daemon",
	 .subject = "daemon"},
	{.name = "swarm-manager-count",
	 .title = "Ensure that the minimum number of manager nodes have been created",
	 .severity = SEVERITY_LOW,
	 .mode = MODE_AUTOMATIC,
	 .section = "swarm",
	 .subject = "cluster"},
};

static const struct benchmark_entry entries[] = {
	{.id = "1.1.1", .section = "1", .status = "Manual", .level = 1, .check = &checks[4]},
	{.id = "1.1.3", .section = "1", .status = "Automated", .level = 1, .check = &checks[2]},
	{.id = "2.3", .section = "2", .status = "Scored", .level = 1, .check = &checks[1]},
	{.id = "2.14", .section = "2", .status = "Scored", .level = 1, .check = &checks[5]},
	{.id = "5.5", .section = "5", .status = "Automated", .level = 1, .check = &checks[0]},
	{.id = "5.11", .section = "5", .status = "Automated", .level = 1, .check = &checks[3]},
	{.id = "7.1", .section = "7", .status = "Automated", .level = 1, .check = &checks[6]},
};

static const struct benchmark_section sections[] = {
	{"1", "Host Configuration"},
	{"2", "Docker daemon configuration"},
	{"5", "Container Runtime"},
	{"7", "Docker Swarm Configuration"},
};

struct sample {
	bool poison;
	struct arena *arena;
	struct benchmark_entry entries[G_N_ELEMENTS(entries)];
	struct benchmark benchmark;
	struct result results[G_N_ELEMENTS(checks)];
	struct evaluation evaluation;
	struct report_benchmark judged;
	Plimsoll__Envelope envelope;
	Plimsoll__Cost cost;
	Plimsoll__Facts facts;
	Plimsoll__Snapshot snapshot;
	Plimsoll__Engine engine;
	Plimsoll__Engine__Warning warnings[1];
	struct report report;
};

const char *sample_foreign(struct sample *sample, const char *text)
{
	return sample->poison ? arena_printf(sample->arena, "%s%s", poison, text) : text;
}

static char *foreign(struct sample *sample, const char *text)
{
	return arena_strdup(sample->arena, sample_foreign(sample, text));
}

/* --- items --- */

static struct item privileged(struct sample *sample, const char *name)
{
	return (struct item){
		.verdict = VERDICT_FAIL,
		.subject = "container",
		.label = sample_foreign(sample, name),
		.observed = sample_foreign(sample, "Privileged = true"),
		.expected = "false",
		.source = sample_foreign(sample, "inspect"),
	};
}

/* Seven that fail, one that could not be inspected, one that passes: more than the table shows. */
static void fill_privileged(struct sample *sample, struct result *result)
{
	static const char *const names[] = {"web",
					    "ci-runner",
					    "db [exited]",
					    "proxy",
					    "a-container-whose-name-is-longer-than-its-column",
					    "cache",
					    "mail"};
	struct item *items = arena_calloc(sample->arena, 9, sizeof(*items));

	for (guint i = 0; i < 7; i++)
		items[i] = privileged(sample, names[i]);
	items[7] = (struct item){
		.verdict = VERDICT_UNKNOWN,
		.subject = "container",
		.label = sample_foreign(sample, "gone"),
		.reason = "UK_API",
		.reason_text = sample_foreign(sample, "GET /containers/gone/json answered 500")};
	items[8] = (struct item){.verdict = VERDICT_PASS,
				 .subject = "container",
				 .label = sample_foreign(sample, "good"),
				 .observed = sample_foreign(sample, "Privileged = false"),
				 .expected = "false"};
	result->items = items;
	result->n_items = 9;
	result->counts[VERDICT_FAIL] = 7;
	result->counts[VERDICT_UNKNOWN] = 1;
	result->counts[VERDICT_PASS] = 1;
	result->verdict = VERDICT_FAIL;
}

static void fill_one(struct sample *sample, struct result *result, const struct item *item)
{
	struct item *copy = arena_calloc(sample->arena, 1, sizeof(*copy));

	*copy = *item;
	result->items = copy;
	result->n_items = 1;
	result->counts[item->verdict] = 1;
	result->verdict = item->verdict;
}

static void fill_daemon(struct sample *sample)
{
	const struct item log_level = {
		.verdict = VERDICT_FAIL,
		.subject = "daemon",
		.label = "dockerd",
		.discriminator = sample_foreign(sample, "log-level"),
		.observed = sample_foreign(sample, "debug"),
		.expected = "info",
		.note = sample_foreign(sample, "conflict"),
		.source = "daemon.json",
	};
	const struct item live_restore = {
		.verdict = VERDICT_PASS,
		.subject = "daemon",
		.label = "dockerd",
		.observed = "true",
		.expected = "true",
		.source = "/info",
	};

	fill_one(sample, &sample->results[1], &log_level);
	fill_one(sample, &sample->results[5], &live_restore);
}

static void fill_undecided(struct sample *sample)
{
	const struct item hardened = {
		.verdict = VERDICT_MANUAL,
		.subject = "host",
		.label = sample_foreign(sample, "node-1"),
		.observed = sample_foreign(sample, "debian 12, Linux 6.1"),
		.expected = "a hardened host",
	};
	const struct item memory = {
		.verdict = VERDICT_UNKNOWN,
		.subject = "container",
		.label = sample_foreign(sample, "gone"),
		.reason = "UK_API",
		.reason_text = sample_foreign(sample, "GET /containers/gone/json answered 500"),
	};

	fill_one(sample, &sample->results[4], &hardened);
	fill_one(sample, &sample->results[3], &memory);
	sample->results[2].verdict = VERDICT_UNKNOWN;
	sample->results[2].reason = "UK_PERM";
	sample->results[2].reason_text = sample_foreign(sample, "no permission to read audit");
	sample->results[6].verdict = VERDICT_NOT_APPLICABLE;
	sample->results[6].reason = "NA_NO_SWARM";
	sample->results[6].reason_text = "node is not part of a swarm";
}

/* --- facts --- */

static void fill_facts(struct sample *sample)
{
	plimsoll__envelope__init(&sample->envelope);
	plimsoll__cost__init(&sample->cost);
	plimsoll__facts__init(&sample->facts);
	plimsoll__snapshot__init(&sample->snapshot);
	plimsoll__engine__init(&sample->engine);
	sample->cost.has_wall_us = true;
	sample->cost.wall_us = 123456;
	sample->envelope.cost = &sample->cost;
	sample->envelope.has_taken_at = true;
	sample->envelope.taken_at = 1795281314;
	sample->envelope.hostname = foreign(sample, "node-1");
	sample->envelope.agent_version = foreign(sample, "0.1.0");
	sample->snapshot.has_agent_uid = true;
	sample->snapshot.agent_uid = 1000;
	sample->snapshot.endpoint = foreign(sample, "unix:///run/docker.sock");
	sample->engine.version = foreign(sample, "27.1.1");
	sample->engine.api_version = foreign(sample, "1.46");
	sample->engine.operating_system = foreign(sample, "Debian GNU/Linux 12");
	sample->engine.kernel = foreign(sample, "6.1.0-28-amd64");
	sample->engine.swarm_state = foreign(sample, "inactive");
	sample->warnings[0] = PLIMSOLL__ENGINE__WARNING__NO_SWAP_LIMIT;
	sample->engine.warning = sample->warnings;
	sample->engine.n_warning = 1;
	sample->facts.snapshot = &sample->snapshot;
	sample->facts.engine = &sample->engine;
}

static void fill_benchmark(struct sample *sample)
{
	for (guint i = 0; i < G_N_ELEMENTS(entries); i++) {
		sample->entries[i] = entries[i];
		sample->entries[i].title = entries[i].check->title;
		sample->entries[i].dbs_score = entries[i].check->dbs_score;
	}
	sample->benchmark = (struct benchmark){
		.name = "cis-docker-1.6.0",
		.title = "CIS Docker Benchmark 1.6.0",
		.entries = sample->entries,
		.n_entries = G_N_ELEMENTS(entries),
		.has_dbs_score = true,
		.sections = sections,
		.n_sections = G_N_ELEMENTS(sections),
	};
}

static void fill_report(struct sample *sample)
{
	guint n_notices = 0;

	sample->evaluation = (struct evaluation){
		.results = sample->results,
		.n_results = G_N_ELEMENTS(checks),
	};
	sample->judged.benchmark = &sample->benchmark;
	score_compute(&sample->evaluation, &sample->benchmark, &sample->judged.score);
	sample->report = (struct report){
		.envelope = &sample->envelope,
		.facts = &sample->facts,
		.evaluation = &sample->evaluation,
		.benchmarks = &sample->judged,
		.n_benchmarks = 1,
		.generated_at_s = 1795281317,
	};
	sample->report.notices =
		notices_of(&sample->facts, NULL, &sample->evaluation, sample->arena, &n_notices);
	sample->report.n_notices = n_notices;
}

struct sample *sample_new(bool with_poison)
{
	struct sample *sample = g_new0(struct sample, 1);

	sample->poison = with_poison;
	sample->arena = arena_new(SIZE_MAX);
	for (guint i = 0; i < G_N_ELEMENTS(checks); i++)
		sample->results[i].check = &checks[i];
	fill_benchmark(sample);
	fill_privileged(sample, &sample->results[0]);
	fill_daemon(sample);
	fill_undecided(sample);
	fill_facts(sample);
	fill_report(sample);
	return sample;
}

void sample_free(struct sample *sample)
{
	if (sample == NULL)
		return;
	arena_free(sample->arena);
	g_free(sample);
}

const struct report *sample_report(const struct sample *sample)
{
	return &sample->report;
}

struct arena *sample_arena(struct sample *sample)
{
	return sample->arena;
}
