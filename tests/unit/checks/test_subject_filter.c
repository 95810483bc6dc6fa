/* SPDX-License-Identifier: Apache-2.0 */
/* Which containers and images a filter leaves out, and that checks then say so instead of passing.
 */
#include <glib.h>
#include <string.h>

#include "checks/subject.h"
#include "checks/subject_filter.h"

enum { N_CONTAINERS = 4, N_IMAGES = 3 };

/* Three containers that were inspected, and one of which only the name is known. */
struct world {
	Plimsoll__Facts facts;
	Plimsoll__Container containers[N_CONTAINERS];
	Plimsoll__Image images[N_IMAGES];
	Plimsoll__Container *container[N_CONTAINERS];
	Plimsoll__Image *image[N_IMAGES];
};

static char web[] = "web", web_2[] = "web-2", db[] = "db", lost[] = "lost";
static char tier[] = "tier", project[] = "shop";
static char *labels[] = {tier};
static char nginx[] = "registry:5000/nginx:1.25", postgres[] = "postgres:16", id[] = "sha256:abcd";
static char *nginx_tags[] = {nginx};
static char *postgres_tags[] = {postgres};

static void world_init(struct world *world)
{
	char *const names[] = {web, web_2, db, lost};

	plimsoll__facts__init(&world->facts);
	for (guint i = 0; i < N_CONTAINERS; i++) {
		plimsoll__container__init(&world->containers[i]);
		world->containers[i].name = names[i];
		world->containers[i].has_inspect_status = true;
		world->containers[i].inspect_status =
			i < 3 ? PLIMSOLL__FETCH__STATUS__OK : PLIMSOLL__FETCH__STATUS__TIMEOUT;
		world->container[i] = &world->containers[i];
	}
	world->containers[0].label_name = labels;
	world->containers[0].n_label_name = 1;
	world->containers[1].compose_project = project;
	for (guint i = 0; i < N_IMAGES; i++) {
		plimsoll__image__init(&world->images[i]);
		world->images[i].has_inspect_status = true;
		world->images[i].inspect_status = PLIMSOLL__FETCH__STATUS__OK;
		world->image[i] = &world->images[i];
	}
	world->images[0].repo_tag = nginx_tags;
	world->images[0].n_repo_tag = 1;
	world->images[1].repo_tag = postgres_tags;
	world->images[1].n_repo_tag = 1;
	world->images[2].id = id;
	world->facts.container = world->container;
	world->facts.n_container = N_CONTAINERS;
	world->facts.image = world->image;
	world->facts.n_image = N_IMAGES;
}

/* "1010": one digit a subject, 1 = left out; NULL = nobody is. */
static char *dropped(const struct subject_filter *filter, const char *kind, size_t n,
		     const Plimsoll__Facts *facts, struct arena *arena)
{
	const guint8 *marks =
		subject_filter_marks(filter, subject_index(subject_find(kind)), facts, arena);
	char *digits = g_strnfill(n, '0');

	for (size_t i = 0; marks != NULL && i < n; i++)
		digits[i] = (char)('0' + marks[i]);
	return digits;
}

static const struct {
	const char *include, *exclude, *labels;
	bool regex;
	const char *containers; /* web, web-2, db, lost (not inspected) */
	const char *images;     /* registry:5000/nginx:1.25, postgres:16, sha256:abcd */
} cases[] = {
	{"web", NULL, NULL, false, "0111", "111"},
	{"web*", NULL, NULL, false, "0011", "111"},
	{"we?", NULL, NULL, false, "0111", "111"},
	{"WEB", NULL, NULL, false, "1111", "111"},
	{"web,lost", NULL, NULL, false, "0110", "111"},
	{NULL, "web*", NULL, false, "1100", "000"},
	{"web*", "*-2", NULL, false, "0111", "111"},
	{"postgres", NULL, NULL, false, "1111", "101"},
	{"registry:5000/nginx", NULL, NULL, false, "1111", "011"},
	{"*:1.25", NULL, NULL, false, "1111", "011"},
	{"sha256:ab*", NULL, NULL, false, "1111", "110"},
	/* What was not inspected may have the label. */
	{NULL, NULL, "tier", false, "0110", "111"},
	{NULL, NULL, "tier,other", false, "1110", "111"},
	{NULL, NULL, "com.docker.compose.project=shop", false, "1010", "111"},
	{"web", NULL, NULL, true, "0011", "111"},
	{"^web$|^lo", NULL, NULL, true, "0110", "111"},
	{NULL, "^(?!web)", NULL, true, "0011", "111"},
};

static struct subject_filter *filter_of(guint i, GError **error)
{
	g_auto(GStrv) include = cases[i].include ? g_strsplit(cases[i].include, ",", -1) : NULL;
	g_auto(GStrv) exclude = cases[i].exclude ? g_strsplit(cases[i].exclude, ",", -1) : NULL;
	g_auto(GStrv) wanted = cases[i].labels ? g_strsplit(cases[i].labels, ",", -1) : NULL;
	const struct subject_rule rule = {(const char *const *)include,
					  (const char *const *)exclude, (const char *const *)wanted,
					  cases[i].regex};

	return subject_filter_new(&rule, error);
}

static void test_marks(void)
{
	struct world world;

	world_init(&world);
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		PLIMSOLL_AUTO(arena) *arena = arena_new(SIZE_MAX);
		PLIMSOLL_AUTO(subject_filter) *filter = filter_of(i, &error);
		g_autofree char *containers =
			dropped(filter, "container", N_CONTAINERS, &world.facts, arena);
		g_autofree char *images = dropped(filter, "image", N_IMAGES, &world.facts, arena);

		g_test_message("case %u", i);
		g_assert_no_error(error);
		g_assert_cmpstr(containers, ==, cases[i].containers);
		g_assert_cmpstr(images, ==, cases[i].images);
		g_assert_null(subject_filter_marks(filter, subject_index(subject_find("file")),
						   &world.facts, arena));
	}
}

static void test_refusals(void)
{
	static const char *const nothing[] = {NULL};
	static const char *const broken[] = {"we(b", NULL};
	static const char *const valued[] = {"tier=front", NULL};
	static const struct {
		struct subject_rule rule;
		const char *error; /* NULL = no filter and no error */
	} refusals[] = {
		{{nothing, nothing, nothing, false}, NULL},
		{{NULL, NULL, NULL, true}, NULL},
		{{broken, NULL, NULL, true}, "cannot read pattern 'we(b'"},
		{{NULL, broken, NULL, true}, "cannot read pattern 'we(b'"},
		{{NULL, NULL, valued, false}, "values of labels are not collected"},
	};

	for (guint i = 0; i < G_N_ELEMENTS(refusals); i++) {
		g_autoptr(GError) error = NULL;

		g_assert_null(subject_filter_new(&refusals[i].rule, &error));
		g_assert_true((error == NULL) == (refusals[i].error == NULL));
		if (error != NULL)
			g_assert_nonnull(strstr(error->message, refusals[i].error));
	}
}

/* A pattern that explodes on a hostile name does not hide its owner. */
static void test_doubt(void)
{
	static const char *const exploding[] = {"^(a+)+$", NULL};
	const struct subject_rule rules[] = {{.include = exploding, .regex = true},
					     {.exclude = exploding, .regex = true}};
	g_autofree char *name = g_strnfill(64, 'a');
	struct world world;

	world_init(&world);
	name[63] = 'b';
	world.containers[0].name = name;
	for (guint i = 0; i < G_N_ELEMENTS(rules); i++) {
		PLIMSOLL_AUTO(arena) *arena = arena_new(SIZE_MAX);
		PLIMSOLL_AUTO(subject_filter) *filter = subject_filter_new(&rules[i], NULL);
		g_autofree char *containers =
			dropped(filter, "container", N_CONTAINERS, &world.facts, arena);

		g_assert_cmpint(containers[0], ==, '0');
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/subject filter/globs, regular expressions and labels", test_marks);
	g_test_add_func("/subject filter/what cannot be read is refused", test_refusals);
	g_test_add_func("/subject filter/in doubt a subject stays", test_doubt);
	return g_test_run();
}
