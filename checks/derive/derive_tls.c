/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The daemon's TLS options taken together (RULES 0.5 "TLS pair", daemon-tcp-tls-verify): whether a
 * TCP listener asks for client certificates, and which files it uses for that.
 */
#include "checks/derive/derive_internal.h"
#include "checks/derive/derive_path.h"
#include "checks/derive/derive_setting.h"

#define NO_TLS_FILE "no TLS certificate configured"

static const struct tls_role {
	const char *role;
	const char *option;
	const char *base; /* name of the default file */
	Plimsoll__File__Role file_role;
	const char *missing; /* what a listener lacks without it */
} roles[] = {
	{"tls_ca", "tlscacert", "ca.pem", PLIMSOLL__FILE__ROLE__TLS_CA,
	 "no CA: any public CA is accepted"},
	{"tls_cert", "tlscert", "cert.pem", PLIMSOLL__FILE__ROLE__TLS_CERT, "no certificate"},
	{"tls_key", "tlskey", "key.pem", PLIMSOLL__FILE__ROLE__TLS_KEY, "no key"},
};

static struct reason setting_reason(const Derived__Setting *setting)
{
	if (strcmp(setting->state, "ok") == 0)
		return REASON_OK;
	return (struct reason){setting->state, setting->detail};
}

static bool is_set(const Derived__Setting *setting)
{
	return setting->has_is_set && setting->is_set;
}

static bool is_from_argv(const Derived__Setting *setting)
{
	return is_set(setting) && g_strcmp0(setting->source, "argv") == 0;
}

/*
 * Any tlsverify setting, even false, turns tls on. tls alone means verification since 20.10, where
 * the engine copies it into an unset tlsverify; before, it did not.
 */
static struct reason resolve_pair(struct derivation *d, Derived__Tls *tls)
{
	const Derived__Setting *enabled = derive_setting(d, "tls");
	const Derived__Setting *verify = derive_setting(d, "tlsverify");
	const Derived__Place *place = d->out->place;
	struct reason reason = setting_reason(verify);

	if (reason.code != NULL)
		return reason;
	if (is_set(verify)) {
		WIRE_SET(tls, enabled, true);
		WIRE_SET(tls, verify, g_strcmp0(verify->value, "true") == 0);
		WIRE_SET(tls, implied, false);
		return REASON_OK;
	}
	reason = setting_reason(enabled);
	if (reason.code != NULL)
		return reason;
	if (g_strcmp0(enabled->value, "true") != 0) {
		WIRE_SET(tls, enabled, false);
		WIRE_SET(tls, verify, false);
		WIRE_SET(tls, implied, false);
		return REASON_OK;
	}
	WIRE_SET(tls, enabled, true);
	if (!place->has_engine_at_least_20_10)
		return (struct reason){"UK",
				       "tls without tlsverify depends on the engine's release"};
	WIRE_SET(tls, verify, place->engine_at_least_20_10);
	WIRE_SET(tls, implied, place->engine_at_least_20_10);
	return REASON_OK;
}

/* $DOCKER_CERT_PATH of dockerd, else ~/.docker of its user; NULL when not seen. */
static char *certificate_dir(struct derivation *d)
{
	const Plimsoll__Dockerd *serving = d->serving;

	if (serving == NULL || serving->env_cert_path == NULL)
		return NULL;
	if (*serving->env_cert_path != '\0')
		return arena_strdup(d->arena, serving->env_cert_path);
	return serving->home == NULL ? NULL : derive_text(d, "%s/.docker", serving->home);
}

static struct reason file_reason(struct derivation *d, const Derived__TlsFile *row,
				 Plimsoll__File__Status *ret_status)
{
	const Plimsoll__File *file = row->has_file ? d->facts->file[row->file] : NULL;

	*ret_status = PLIMSOLL__FILE__STATUS__NOT_TRIED;
	if (file == NULL || !file->has_status ||
	    file->status == PLIMSOLL__FILE__STATUS__NOT_TRIED ||
	    file->status == PLIMSOLL__FILE__STATUS__ERROR)
		return (struct reason){"UK", derive_text(d, "%s was not looked at", row->path)};
	*ret_status = file->status;
	if (file->status == PLIMSOLL__FILE__STATUS__PERMISSION)
		return (struct reason){"UK_PERM", row->path};
	return REASON_OK;
}

static bool is_missing(Plimsoll__File__Status status)
{
	return status == PLIMSOLL__FILE__STATUS__ABSENT ||
	       status == PLIMSOLL__FILE__STATUS__DANGLING;
}

static void set_file(struct derivation *d, const struct tls_role *role, Derived__TlsFile *row)
{
	int64_t file = derive_file_find(d, role->file_role, row->path);

	if (file >= 0)
		WIRE_SET(row, file, file);
}

/* Why it is not known whether default files count. */
static struct reason first_trouble(struct derivation *d)
{
	struct reason reason = setting_reason(derive_setting(d, "tlsverify"));

	return reason.code != NULL ? reason : setting_reason(derive_setting(d, "tls"));
}

static struct reason resolve_file(struct derivation *d, const struct tls_role *role,
				  Derived__TlsFile *row)
{
	const Derived__Setting *setting = derive_setting(d, role->option);
	const Derived__Tls *tls = d->out->tls;
	struct reason reason = setting_reason(setting);
	Plimsoll__File__Status status;

	if (reason.code != NULL)
		return reason;
	WIRE_SET(row, configured, is_set(setting) && *setting->value != '\0');
	if (row->configured) {
		row->path = setting->value;
		row->source = setting->source;
		set_file(d, role, row);
		reason = file_reason(d, row, &status);
		if (reason.code == NULL && is_missing(status))
			return (struct reason){"UK", "configured file is missing"};
		return reason;
	}
	if (!tls->has_enabled || !tls->has_default_files)
		return first_trouble(d);
	if (!tls->enabled || !tls->default_files || is_set(setting))
		return (struct reason){"NA", NO_TLS_FILE};
	if (tls->cert_dir == NULL)
		return (struct reason){"UK_PERM", "the environment of dockerd"};
	row->path = derive_text(d, "%s/%s", tls->cert_dir, role->base);
	row->source = derive_constant("default");
	set_file(d, role, row);
	reason = file_reason(d, row, &status);
	if (reason.code == NULL && is_missing(status))
		return (struct reason){"NA", NO_TLS_FILE};
	return reason;
}

void derive_tls(struct derivation *d)
{
	Derived__Tls *tls = derive_new(d, &derived__tls__descriptor);
	const Derived__Setting *enabled = derive_setting(d, "tls");
	const Derived__Setting *verify = derive_setting(d, "tlsverify");
	struct reason reason = resolve_pair(d, tls);

	d->out->tls = tls;
	derive_set_state(d, reason, &tls->state, &tls->detail, &tls->reason);
	tls->cert_dir = certificate_dir(d);
	if (is_from_argv(verify))
		WIRE_SET(tls, default_files, true);
	else if (first_trouble(d).code == NULL)
		WIRE_SET(tls, default_files,
			 is_from_argv(enabled) && strcmp(enabled->value, "true") == 0);
	for (guint i = 0; i < G_N_ELEMENTS(roles); i++) {
		Derived__TlsFile *row = derive_new(d, &derived__tls_file__descriptor);

		row->role = arena_strdup(d->arena, roles[i].role);
		reason = resolve_file(d, &roles[i], row);
		derive_set_state(d, reason, &row->state, &row->detail, &row->reason);
		DERIVE_ADD(d, tls_file, row);
	}
}

/* --- items of daemon-tcp-tls-verify --- */

static bool has_warning(const struct derivation *d, Plimsoll__Engine__Warning warning)
{
	for (size_t i = 0; d->engine != NULL && i < d->engine->n_warning; i++)
		if (d->engine->warning[i] == warning)
			return true;
	return false;
}

static bool warns_of_plain_http(const struct derivation *d)
{
	return (d->engine != NULL && d->engine->has_warn_plain_http &&
		d->engine->warn_plain_http) ||
	       has_warning(d, PLIMSOLL__ENGINE__WARNING__PLAIN_HTTP);
}

static void fail(struct derivation *d, Derived__TlsListener *row, const char *observed,
		 const char *source)
{
	row->verdict = derive_constant("fail");
	row->observed = derive_join(d, row->observed, "; ", observed);
	row->source = arena_strdup(d->arena, source);
}

static void unknown(struct derivation *d, Derived__TlsListener *row, struct reason reason)
{
	row->verdict = derive_constant("unknown");
	row->reason = derive_reason_text(d, reason);
}

/* A configured file counts as present: a wrong path keeps dockerd from starting. */
static void judge_files(struct derivation *d, Derived__TlsListener *row)
{
	struct reason trouble = REASON_OK;

	for (guint i = 0; i < G_N_ELEMENTS(roles); i++) {
		const Derived__TlsFile *file = d->out->tls_file[i];

		if (file->has_configured && file->configured)
			continue;
		if (strcmp(file->state, "NA") == 0)
			fail(d, row, roles[i].missing, "configuration");
		else if (strcmp(file->state, "ok") != 0)
			trouble = (struct reason){file->state, file->detail};
	}
	if (row->verdict == NULL && trouble.code != NULL)
		unknown(d, row, trouble);
}

static void judge_listener(struct derivation *d, Derived__TlsListener *row, const char *source)
{
	const Derived__Tls *tls = d->out->tls;
	const char *plain = row->url != NULL ? derive_text(d, "%s plain", row->url)
					     : "API is accessible on http://";
	static const char without[] = "TLS without client verification";

	row->expected = derive_constant("tlsverify with CA, certificate, key");
	if (warns_of_plain_http(d)) {
		fail(d, row, plain, derive_join(d, source, ", ", "/info warning"));
	} else if (tls->has_enabled && !tls->enabled) {
		fail(d, row, plain, source);
	} else if (has_warning(d, PLIMSOLL__ENGINE__WARNING__TLS_WITHOUT_VERIFY)) {
		fail(d, row, without, derive_join(d, source, ", ", "/info warning"));
	} else if (strcmp(tls->state, "ok") != 0) {
		unknown(d, row, (struct reason){tls->state, tls->detail});
	} else if (!tls->verify) {
		fail(d, row, without, source);
	} else {
		judge_files(d, row);
	}
	if (row->verdict != NULL)
		return;
	if (d->engine == NULL || !d->engine->has_warn_plain_http) {
		unknown(d, row, (struct reason){"UK_API", "GET /info did not show its warnings"});
		return;
	}
	row->verdict = derive_constant("pass");
	row->observed = derive_constant("tlsverify with CA, certificate, key");
	row->source = arena_strdup(d->arena, source);
	if (tls->implied)
		row->note = derive_constant("verification implied by tls");
}

void derive_tls_listeners(struct derivation *d)
{
	for (size_t i = 0; i < d->out->n_listener; i++) {
		const Derived__Listener *listener = d->out->listener[i];
		Derived__TlsListener *row;

		if (strcmp(listener->kind, "tcp") != 0)
			continue;
		row = derive_new(d, &derived__tls_listener__descriptor);
		row->url = listener->url;
		judge_listener(d, row, listener->source);
		DERIVE_ADD(d, tls_listener, row);
	}
	if (d->out->n_tls_listener == 0 && warns_of_plain_http(d)) {
		Derived__TlsListener *row = derive_new(d, &derived__tls_listener__descriptor);

		judge_listener(d, row, NULL);
		DERIVE_ADD(d, tls_listener, row);
	}
}
