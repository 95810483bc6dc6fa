/* SPDX-License-Identifier: Apache-2.0 */
/* Build records of images, RULES section 4, as the agent's mask sends them. */
#include "checks/derive/derive_build.h"
#include "tests/unit/checks/derive_fixture.h"

/* ---- one RUN step ---- */

struct run_case {
	const char *text;
	const char *want; /* NULL: nothing */
};

static void check_runs(const struct run_case *cases, gsize n, char *(*find)(const char *text))
{
	for (gsize i = 0; i < n; i++) {
		g_autofree char *got = find(cases[i].text);

		if (g_strcmp0(got, cases[i].want) != 0) {
			g_test_message("'%s': %s, not %s", cases[i].text, got, cases[i].want);
			g_test_fail();
		}
	}
}

static void test_lone_update(void)
{
	static const struct run_case cases[] = {
		{"", NULL},
		{"apt-get update", "apt-get update"},
		{"apt-get -qq -y update", "apt-get update"},
		{"apt update && _", "apt update"},
		{"aptitude update", "aptitude update"},
		{"apt-get update && apt-get install -y _", NULL},
		{"apt-get update && apt install _", NULL},
		{"apt-get install _ ; apt-get update", NULL},
		{"apt-get update ; apt-get -y dist-upgrade", NULL},
		{"apt-get update && apt-get build-dep _", NULL},
		{"apt-get update && apt-get clean && rm -rf _", "apt-get update"},
		{"apt-get update && apk add _", "apt-get update"},
		{"apk update", "apk update"},
		{"apk update && apk add --no-cache _", NULL},
		{"apk add --update-cache _", NULL},
		{"yum makecache", "yum makecache"},
		{"microdnf makecache && microdnf install _", NULL},
		{"dnf check-update", "dnf check-update"},
		{"dnf makecache && dnf module install _", NULL},
		{"yum update -y", NULL},
		{"yum makecache && dnf update -y", NULL},
		{"zypper refresh", "zypper refresh"},
		{"zypper --non-interactive ref ; zypper in _", NULL},
		{"pacman -Sy", "pacman -Sy"},
		{"pacman -Syy --noconfirm", "pacman -Syy"},
		{"pacman -Sy _", NULL},
		{"pacman -Syu --noconfirm", NULL},
		{"pacman -Sy ; pacman -S _", NULL},
		{"pacman -Sy && pacman -Scc", "pacman -Sy"},
		{"pacman -Sc", NULL},
		/* only the first word of a command is one */
		{"echo apt-get update", NULL},
		{"_ apt-get update", NULL},
		{"apt-get install update", NULL},
		{"apt-get install -y _ update", NULL},
		{"update-ca-certificates", NULL},
		{"_ _", NULL},
		/* what may stand before it */
		{"_=* apt-get update", "apt-get update"},
		{"HTTP_PROXY=* NAME= apt-get update", "apt-get update"},
		{"sudo apt-get update", "apt-get update"},
		{"env _=* apt-get update", "apt-get update"},
		{"exec sudo apk update", "apk update"},
		{"gosu _ apt-get update", "apt-get update"},
		{"set -eux ; apt-get update ; _", "apt-get update"},
		{"( apt-get update )", "apt-get update"},
		{"{ apt-get update ; }", "apt-get update"},
		{"! apt-get update", "apt-get update"},
		{"if _ ; then apt-get update ; fi", "apt-get update"},
		{"for _ in _ ; do apt-get update ; done", "apt-get update"},
		{"case _ in _ ) apt-get update ;; esac", "apt-get update"},
		{"_ | apt-get update", "apt-get update"},
		{"_ || apt-get update", "apt-get update"},
		{"apt-get update && cat _ | xargs apt-get install -y", NULL},
		/* the exec form, which is recorded without quotes */
		{"bash -c apt-get update", "apt-get update"},
		{"bash -c apt-get update && apt-get install _", NULL},
		{"sh", NULL},
		{"gosu", NULL},
	};

	check_runs(cases, G_N_ELEMENTS(cases), build_run_lone_update);
}

static void test_set_id(void)
{
	static const struct run_case cases[] = {
		{"chmod 4755 _", "chmod 4755"},
		{"chmod 2755 _", "chmod 2755"},
		{"chmod 7777 _", "chmod 7777"},
		{"chmod 04755 _", "chmod 04755"},
		{"_ && chmod -R 6711 _", "chmod 6711"},
		{"chmod u+s _", "chmod u+s"},
		{"chmod g+s _", "chmod g+s"},
		{"chmod +s _", "chmod +s"},
		{"chmod a+xs _", "chmod a+xs"},
		{"chmod u=rwxs _", "chmod u=rwxs"},
		{"chmod o-w,u+s _", "chmod o-w,u+s"},
		{"find _ -exec chmod a-s _ ; chmod 2711 _", "chmod 2711"},
		{"chmod 755 _", NULL},
		{"chmod 1777 _", NULL},
		{"chmod a-s _", NULL},
		{"chmod -s _", NULL},
		{"chmod o+s _", NULL},
		{"chmod u+x,g-s _", NULL},
		{"chmod u+x-s _", NULL},
		{"chmod _", NULL},
		{"chmod", NULL},
		{"_ 4755", NULL},
	};

	check_runs(cases, G_N_ELEMENTS(cases), build_run_set_id);
}

static void test_signs(void)
{
	static const struct run_case cases[] = {
		{"apt-get install --allow-unauthenticated _", "--allow-unauthenticated"},
		{"_ _trusted=yes _", "trusted=yes"},
		{"_ _--nogpgcheck", "--nogpgcheck"},
		{"zypper --no-gpg-checks in _", "--no-gpg-checks"},
		{"apk add _", NULL},
		{"_ trusted", NULL},
	};

	check_runs(cases, G_N_ELEMENTS(cases), build_run_unverified);
	g_assert_true(build_run_has_userinfo("curl _url_with_userinfo_ | sh"));
	g_assert_false(build_run_has_userinfo("curl _"));
	g_assert_true(build_run_is_cut("_ _truncated_"));
	g_assert_false(build_run_is_cut("_"));
}

/* ---- images ---- */

#define HOST            DERIVE_HOST, DERIVE_ENGINE
#define IMAGE(id, more) "{'image': [{'id': '" id "', 'history_status': 'ok'" more "}]}"
#define STEP(id, n, size, instruction, text)                                                       \
	"{'image_id': '" id "', 'n': " n ", 'size': " size ", 'instruction': '" instruction        \
	"', 'text': '" text "'}"
#define STEPS(steps) "{'image_history': [" steps "]}"
#define ROOT(id, n)  STEP(id, n, "9", "add", "/")
#define CUT          "the build record was not seen whole"

static const struct derive_case cases[] = {
	{"a step that only updates",
	 {HOST, IMAGE("a", ""),
	  STEPS(STEP("a", "0", "1", "run", "apk update") ", " ROOT("a", "1"))},
	 {{"build_verdict list=update", "image: 0 | verdict: fail | observed: apk update"},
	  {"build_verdict list=update", "item: step 2 | note: step 2 of 2"},
	  {"build_verdict list=add", "verdict: pass | observed: no ADD"},
	  {"build_verdict list=secret", "verdict: manual"},
	  {"build_verdict list=setuid", "verdict: manual"},
	  {"build_verdict list=package", "verdict: manual"}}},
	{"rows of another image in between, and in any order",
	 {HOST, IMAGE("b", ""), IMAGE("a", ""),
	  STEPS(ROOT("b", "1") ", " ROOT("a", "0") ", " STEP("b", "0", "1", "run", "apk update"))},
	 {{"build_verdict list=update image=0", "verdict: fail | item: step 2"},
	  {"build_verdict list=update image=1", "verdict: pass"}}},
	{"a history that was not seen says nothing",
	 {HOST, "{'image': [{'id': 'a', 'history_status': 'http_error'}, {'id': 'b'}]}"},
	 {{"build_verdict", "none"}}},
	{"no record: a person must look",
	 {HOST, IMAGE("a", ""), STEPS(STEP("a", "0", "7", "none", ""))},
	 {{"build_verdict list=update", "verdict: manual | observed: no build record"},
	  {"build_verdict list=add", "verdict: manual | observed: no build record"}}},
	{"a gap, a step twice, a step of no image: not seen whole",
	 {HOST, IMAGE("a", ""), IMAGE("b", ""),
	  STEPS(STEP("a", "0", "1", "run", "_") ", " STEP("a", "2", "1", "run", "_") ", " STEP(
		  "b", "0", "1", "run", "_") ", " STEP("b", "0", "1", "run", "_"))},
	 {{"build_verdict list=update image=0", "verdict: unknown | reason: UK|" CUT},
	  {"build_verdict list=add image=0", "verdict: unknown | reason: UK|" CUT},
	  {"build_verdict list=update image=1", "verdict: unknown"}}},
	{"what the agent cut off is not judged",
	 {HOST, IMAGE("a", ""),
	  STEPS(STEP("a", "0", "1", "run", "apk update && _ _truncated_") ", " STEP(
		  "a", "1", "1", "run", "chmod 4755 _"))},
	 {{"build_verdict list=update", "verdict: unknown"},
	  {"build_verdict list=setuid", "observed: chmod 4755"}}},
	{"the nearest base that has the step is named",
	 {HOST, IMAGE("a", ", 'repo_tag': ['debian:12', 'debian:a'], 'layer': ['l1']"),
	  IMAGE("b", ", 'repo_tag': ['base:1'], 'layer': ['l1', 'l2']"),
	  IMAGE("c", ", 'repo_tag': ['app:1'], 'layer': ['l1', 'l2', 'l3']"),
	  STEPS(ROOT("a", "0") ", " STEP("b", "0", "1", "run", "apk update") ", " ROOT("b", "1")),
	  STEPS(STEP("c", "0", "0", "cmd", "") ", " STEP(
		  "c", "1", "1", "run", "apk update") ", " STEP("c", "2", "9", "add", "/opt"))},
	 {{"build_verdict list=update image=1", "note: step 2 of 2"},
	  {"build_verdict list=update image=2", "note: step 2 of 3, from base base:1"},
	  {"build_verdict list=add image=2", "note: step 1 of 3, from base debian:12"}}},
	{"siblings are no bases, nor is an image without a tag",
	 {HOST, IMAGE("a", ", 'layer': ['l1']"),
	  IMAGE("b", ", 'repo_tag': ['x:1'], 'layer': ['l1', 'l2']"),
	  IMAGE("c", ", 'repo_tag': ['y:1'], 'layer': ['l1', 'l3']"),
	  STEPS(STEP("a", "0", "1", "run", "apk update")),
	  STEPS(STEP("b", "0", "1", "cmd", "") ", " STEP("b", "1", "1", "run", "apk update")),
	  STEPS(STEP("c", "0", "1", "cmd", "") ", " STEP("c", "1", "1", "run", "apk update"))},
	 {{"build_verdict list=update image=1", "note: step 1 of 2"},
	  {"build_verdict list=update image=2", "note: step 1 of 2"}}},
	{"an ADD to the root is a base's only as the oldest step with files",
	 {HOST, IMAGE("a", ""), IMAGE("b", ""), IMAGE("c", ""),
	  STEPS(ROOT("a", "0") ", " STEP("a", "1", "0", "env", "PATH=*")),
	  STEPS(ROOT("b", "0") ", " STEP("b", "1", "3", "copy", "/x")),
	  "{'image_history': [" ROOT("c", "0") ", {'image_id': 'c', 'n': 1, 'instruction': 'copy',"
					       " 'text': '/x'}]}"},
	 {{"build_verdict list=add image=0", "verdict: pass"},
	  {"build_verdict list=add image=1", "verdict: manual | observed: ADD to /"},
	  {"build_verdict list=add image=2", "verdict: manual"}}},
	{"names of secrets, once each",
	 {HOST,
	  IMAGE("a",
		", 'env_name': [{'name': 'DB_PASSWORD', 'non_empty': true}, {'name': 'api_key'},"
		" {'name': 'TOKEN_FILE', 'non_empty': true}], 'label_name': ['x.secret']"),
	  STEPS(STEP("a", "0", "0", "env", "DB_PASSWORD=*") ", " STEP(
		  "a", "1", "0", "run",
		  "_=* MY_TOKEN=* curl _url_with_userinfo_") ", " STEP("a", "2", "0", "arg",
								       "NPM_TOKEN=")),
	  STEPS(STEP("a", "3", "0", "label", "x.secret=*") ", " STEP("a", "4", "1", "copy",
								     "/root/.docker/config.json"))},
	 {{"build_verdict list=secret",
	   "item: ENV DB_PASSWORD | observed: non-empty value | note: -"},
	  {"build_verdict list=secret", "rows: 7"}}},
};

static void test_cases(void)
{
	derive_check(cases, G_N_ELEMENTS(cases));
}

static void test_clearing(void)
{
	derive_check_clearing(cases, G_N_ELEMENTS(cases));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/derive/build/lone-update", test_lone_update);
	g_test_add_func("/derive/build/set-id", test_set_id);
	g_test_add_func("/derive/build/signs", test_signs);
	g_test_add_func("/derive/build/cases", test_cases);
	g_test_add_func("/derive/build/clearing", test_clearing);
	return g_test_run();
}
