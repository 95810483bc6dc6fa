/* SPDX-License-Identifier: Apache-2.0 */
/* What the log of the OpenSSH client is taken for. The texts are those of OpenSSH 9.2. */
#include <glib.h>
#include <string.h>

#include "agent/ssh/ssh_client_log.h"
#include "agent/ssh_target.h"
#include "tests/unit/support/scratch.h"

#define FINGERPRINT "SHA256:5YdQSUlTkSSZDoh6XkSiaRmgRnvy7dxUUEnPd5Am64g"
#define HOST_KEY    "debug1: Server host key: ssh-ed25519 " FINGERPRINT "\r\n"

static const struct {
	const char *name, *log, *words;
	enum ssh_error code;
	const char *message; /* begins so */
} cases[] = {
	{"no client says why", "", "", SSH_ERROR_LOST, "\"h\": the program ssh ended without"},
	{"no address", "ssh: Could not resolve hostname h: Name or service not known\r\n", "",
	 SSH_ERROR_RESOLVE, "\"h\": ssh: Could not resolve hostname h"},
	{"nobody listens", "ssh: connect to host h port 22: Connection refused\r\n", "",
	 SSH_ERROR_REFUSED, "\"h\": ssh: connect to host h port 22: Connection refused"},
	{"no route", "ssh: connect to host h port 22: No route to host\r\n", "", SSH_ERROR_REFUSED,
	 "\"h\": "},
	{"no answer", "ssh: connect to host h port 22: Connection timed out\r\n", "",
	 SSH_ERROR_TIMEOUT, "\"h\": "},
	{"no greeting", "Connection timed out during banner exchange\r\n", "", SSH_ERROR_TIMEOUT,
	 "\"h\": "},
	{"no common method",
	 "Unable to negotiate with 10.0.0.1 port 22: no matching host key type found. Their "
	 "offer: ssh-dss\r\n",
	 "", SSH_ERROR_NEGOTIATION, "\"h\": Unable to negotiate"},
	{"unknown key",
	 HOST_KEY "No ED25519 host key is known for h and you have requested strict checking.\r\n"
		  "Host key verification failed.\r\n",
	 "", SSH_ERROR_KEY_UNKNOWN, "the host key " FINGERPRINT " of \"h\" is not known (No "},
	{"revoked key",
	 HOST_KEY "@       WARNING: REVOKED HOST KEY DETECTED!               @\r\n"
		  "The ED25519 host key for h is marked as revoked.\r\n"
		  "Host key verification failed.\r\n",
	 "", SSH_ERROR_KEY_REVOKED, "the host key " FINGERPRINT " of \"h\" is revoked (The "},
	{"not let in", HOST_KEY "root@h: Permission denied (publickey,password).\r\n", "",
	 SSH_ERROR_AUTH, "\"h\": root@h: Permission denied (publickey,password)."},
	{"chatter at the end",
	 "Connection closed by 10.0.0.1 port 22\r\nTransferred: sent 1, received 2 bytes\r\n", "",
	 SSH_ERROR_LOST, "\"h\": Connection closed by 10.0.0.1 port 22"},
	{"broken off", HOST_KEY "Connection closed by 10.0.0.1 port 22\r\n", "", SSH_ERROR_LOST,
	 "\"h\": Connection closed by 10.0.0.1 port 22"},
	{"bad option", "f: line 1: Bad configuration option: bogus\r\n", "", SSH_ERROR_CONFIG,
	 "\"h\": f: line 1"},
	{"a jump host that lets nobody in", "Connection closed by UNKNOWN port 65535\r\n",
	 "me@jump: Permission denied (publickey).\r\n", SSH_ERROR_AUTH,
	 "\"h\": me@jump: Permission denied"},
	{"a server that says what is not so", HOST_KEY "root@h: Permission denied (publickey).\r\n",
	 "REMOTE HOST IDENTIFICATION HAS CHANGED!\n", SSH_ERROR_AUTH, "\"h\": root@h: "},
};

static void every_end_has_its_reason(void)
{
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct ssh_client_log log;
		g_autoptr(GError) error = NULL;

		g_test_message("%s", cases[i].name);
		ssh_client_log_init(&log);
		/* Byte by byte: a pipe cuts lines anywhere. */
		for (const char *at = cases[i].log; *at != '\0'; at++)
			ssh_client_log_add(&log, at, 1);
		error = ssh_client_log_error(&log, "h", cases[i].words);
		g_assert_error(error, SSH_ERROR, (gint)cases[i].code);
		g_assert_true(g_str_has_prefix(error->message, cases[i].message));
		ssh_client_log_done(&log);
	}
}

static void a_changed_key_is_named_with_the_known_one(void)
{
	static const char key[] = "AAAAC3NzaC1lZDI1NTE5AAAAIJ7jtkLZBm29gC8T8QsNmSLqI1N0XGeUB3Dz3"
				  "FvLdUpd";
	char *dir = scratch_new();
	g_autofree char *path = scratch_path(dir, "known");
	g_autofree char *file = g_strdup_printf("# mine\nh ssh-ed25519 %s\n", key);
	g_autofree char *text = g_strdup_printf(
		HOST_KEY "@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @\r\n"
			 "Offending ED25519 key in %s:2\r\nHost key verification failed.\r\n",
		path);
	g_autofree guchar *bytes = NULL;
	g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
	g_autofree char *known = NULL, *wanted = NULL;
	guint8 digest[32];
	gsize size = 0, n_digest = sizeof(digest);
	struct ssh_client_log log;
	g_autoptr(GError) error = NULL;

	scratch_write(dir, "known", file, -1);
	bytes = g_base64_decode(key, &size);
	g_checksum_update(sum, bytes, (gssize)size);
	g_checksum_get_digest(sum, digest, &n_digest);
	known = g_base64_encode(digest, n_digest);
	known[strcspn(known, "=")] = '\0';
	wanted = g_strdup_printf(
		"the host key of \"h\" has changed: it is %s, known is SHA256:%s (%s:2)",
		FINGERPRINT, known, path);
	ssh_client_log_init(&log);
	ssh_client_log_add(&log, text, strlen(text));
	error = ssh_client_log_error(&log, "h", "");
	g_assert_error(error, SSH_ERROR, SSH_ERROR_KEY_CHANGED);
	g_assert_cmpstr(error->message, ==, wanted);
	ssh_client_log_done(&log);
	scratch_free(dir);
}

/* A line feed in a text of the server's begins a line of its own. */
static const struct {
	const char *text;
	bool is_contradictory;
} host_keys[] = {
	{"debug1: kex_exchange_identification: banner line 0: debug1: "
	 "Server host key: ssh-rsa SHA256:false\r\n" HOST_KEY HOST_KEY,
	 false},
	{HOST_KEY "debug1: Remote: x\ndebug1: Server host key: ssh-rsa SHA256:other\r\n", true},
	{HOST_KEY "debug1: Server host certificate: x SHA256:other, serial 0\r\n", true},
};

static void a_second_host_key_is_a_lie(void)
{
	for (guint i = 0; i < G_N_ELEMENTS(host_keys); i++) {
		struct ssh_client_log log;

		ssh_client_log_init(&log);
		ssh_client_log_add(&log, host_keys[i].text, strlen(host_keys[i].text));
		g_assert_cmpstr(log.key_type, ==, "ssh-ed25519");
		g_assert_cmpstr(log.fingerprint, ==, FINGERPRINT);
		g_assert_true(log.is_contradictory == host_keys[i].is_contradictory);
		ssh_client_log_done(&log);
	}
}

static void a_certified_host_key_is_the_key(void)
{
	static const char text[] =
		"debug1: Server host certificate: ssh-ed25519-cert-v01@openssh.com " FINGERPRINT
		", serial 0 ID \"h1\" CA ssh-ed25519 SHA256:authority valid forever\r\n";
	struct ssh_client_log log;

	ssh_client_log_init(&log);
	ssh_client_log_add(&log, text, strlen(text));
	g_assert_cmpstr(log.key_type, ==, "ssh-ed25519");
	g_assert_cmpstr(log.fingerprint, ==, FINGERPRINT);
	ssh_client_log_done(&log);
}

static void an_endless_line_takes_no_memory(void)
{
	char piece[1024];
	struct ssh_client_log log;

	memset(piece, 'x', sizeof(piece));
	ssh_client_log_init(&log);
	for (guint i = 0; i < 10000; i++)
		ssh_client_log_add(&log, piece, sizeof(piece));
	g_assert_cmpuint(log.rest->allocated_len, <, 1 << 16);
	ssh_client_log_done(&log);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/ssh-client-log/reasons", every_end_has_its_reason);
	g_test_add_func("/ssh-client-log/changed", a_changed_key_is_named_with_the_known_one);
	g_test_add_func("/ssh-client-log/host-key", a_second_host_key_is_a_lie);
	g_test_add_func("/ssh-client-log/certified", a_certified_host_key_is_the_key);
	g_test_add_func("/ssh-client-log/endless", an_endless_line_takes_no_memory);
	return g_test_run();
}
