/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A sweep: some threads, each with one machine at a time, and the calling thread, which takes what
 * they have done and watches their deadlines. A thread that is ahead of the calling one waits, so
 * that results do not pile up.
 */
#include "agent/sweep.h"

#include "agent/ssh/sweep_private.h"
#include "proto/limits.h"

enum { WATCH_MS = 250 };

enum stop { STOP_NOT, STOP_OVERDUE, STOP_CANCELLED };

/* One thread and the machine that it is at. */
struct slot {
	struct sweep *sweep;
	GThread *thread;
	gint cancelled; /* of the machine; atomic */
	/* ---- under the lock ---- */
	enum stop stop;
	struct host *host;  /* that can be cut; NULL: none yet, or no more */
	gint64 deadline_us; /* 0: at no machine */
};

/* A result and what it borrows. */
struct outcome {
	struct sweep_result result;
	GError *error;
	char *key_type, *fingerprint, *transport, *transport_reason, *engine_way;
};

struct sweep {
	const struct sweep_way *way;
	const struct sweep_options *options;
	const struct ssh_target *const *targets;
	guint n_targets;
	gint64 total_ms;
	struct slot *slots;
	guint n_slots;
	GMutex lock; /* of all that follows */
	GCond has_changed, has_room;
	guint next;      /* target to begin */
	guint n_running; /* threads */
	GQueue outcomes;
	bool is_cancelled;
};

static void outcome_free(struct outcome *outcome)
{
	collection_free(outcome->result.collection);
	g_clear_error(&outcome->error);
	g_free(outcome->key_type);
	g_free(outcome->fingerprint);
	g_free(outcome->transport);
	g_free(outcome->transport_reason);
	g_free(outcome->engine_way);
	g_free(outcome);
}

/* --- in the slot's thread --- */

/* NULL: there is no more to begin. */
static const struct ssh_target *begin_target(struct slot *slot)
{
	struct sweep *sweep = slot->sweep;
	const struct ssh_target *target = NULL;

	g_mutex_lock(&sweep->lock);
	if (!sweep->is_cancelled && sweep->next < sweep->n_targets) {
		target = sweep->targets[sweep->next++];
		slot->stop = STOP_NOT;
		slot->deadline_us =
			g_get_monotonic_time() + sweep->total_ms * G_TIME_SPAN_MILLISECOND;
		g_atomic_int_set(&slot->cancelled, 0);
	}
	g_mutex_unlock(&sweep->lock);
	return target;
}

/* From here on the calling thread can cut it; it may have wanted to before. */
static void show_host(struct slot *slot, struct host *host)
{
	g_mutex_lock(&slot->sweep->lock);
	slot->host = host;
	if (slot->stop != STOP_NOT)
		slot->sweep->way->cut(host);
	g_mutex_unlock(&slot->sweep->lock);
}

static enum stop hide_host(struct slot *slot)
{
	enum stop stop;

	g_mutex_lock(&slot->sweep->lock);
	slot->host = NULL;
	slot->deadline_us = 0;
	stop = slot->stop;
	g_mutex_unlock(&slot->sweep->lock);
	return stop;
}

static void remember(const struct sweep_way *way, const struct host *host, struct outcome *outcome)
{
	outcome->key_type = g_strdup(way->key_type(host));
	outcome->fingerprint = g_strdup(way->fingerprint(host));
	outcome->transport = g_strdup(host->ops->transport);
	outcome->transport_reason = g_strdup(way->transport_reason(host));
	outcome->engine_way = g_strdup(way->engine_way(host));
}

/* What the machine said of its end is of no interest when we ended it. */
static void explain_stop(const struct slot *slot, enum stop stop, struct outcome *outcome)
{
	if (stop == STOP_NOT)
		return;
	g_clear_error(&outcome->error);
	if (stop == STOP_CANCELLED) {
		g_clear_pointer(&outcome->result.collection, collection_free);
		g_set_error_literal(&outcome->error, SSH_ERROR, SSH_ERROR_CANCELLED, "cancelled");
		return;
	}
	g_set_error(&outcome->error, SSH_ERROR, SSH_ERROR_TIMEOUT,
		    "was not done after %" G_GINT64_FORMAT " s", slot->sweep->total_ms / 1000);
}

static struct outcome *visit(struct slot *slot, const struct ssh_target *target)
{
	const struct sweep_way *way = slot->sweep->way;
	const struct collect_options collecting = {0};
	const gint64 began_us = g_get_monotonic_time();
	struct outcome *outcome = g_new0(struct outcome, 1);
	PLIMSOLL_AUTO(host) *host =
		way->open(target, slot->sweep->options->ssh, &slot->cancelled, &outcome->error);

	if (host != NULL) {
		show_host(slot, host);
		outcome->result.collection = collect(host, &collecting, &outcome->error);
		remember(way, host, outcome);
	}
	explain_stop(slot, hide_host(slot), outcome);
	outcome->result.target = target;
	outcome->result.wall_us = g_get_monotonic_time() - began_us;
	return outcome;
}

static void hand_over(struct sweep *sweep, struct outcome *outcome)
{
	g_mutex_lock(&sweep->lock);
	while (g_queue_get_length(&sweep->outcomes) >= sweep->n_slots)
		g_cond_wait(&sweep->has_room, &sweep->lock);
	g_queue_push_tail(&sweep->outcomes, outcome);
	g_cond_signal(&sweep->has_changed);
	g_mutex_unlock(&sweep->lock);
}

static gpointer run_slot(gpointer data)
{
	struct slot *slot = data;
	struct sweep *sweep = slot->sweep;
	const struct ssh_target *target;

	while ((target = begin_target(slot)) != NULL)
		hand_over(sweep, visit(slot, target));
	g_mutex_lock(&sweep->lock);
	sweep->n_running--;
	g_cond_signal(&sweep->has_changed);
	g_mutex_unlock(&sweep->lock);
	return NULL;
}

/* --- in the calling thread, under the lock --- */

static void stop_slot(struct slot *slot, enum stop why)
{
	slot->stop = why;
	g_atomic_int_set(&slot->cancelled, 1);
	if (slot->host != NULL)
		slot->sweep->way->cut(slot->host);
}

static void watch(struct sweep *sweep)
{
	const gint64 now_us = g_get_monotonic_time();

	/* g_atomic_int_get() drops the const. */
	if (sweep->options->cancelled != NULL &&
	    __atomic_load_n(sweep->options->cancelled, __ATOMIC_SEQ_CST) != 0)
		sweep->is_cancelled = true;
	for (guint i = 0; i < sweep->n_slots; i++) {
		struct slot *slot = &sweep->slots[i];

		if (slot->deadline_us == 0 || slot->stop != STOP_NOT)
			continue;
		if (sweep->is_cancelled)
			stop_slot(slot, STOP_CANCELLED);
		else if (now_us >= slot->deadline_us)
			stop_slot(slot, STOP_OVERDUE);
	}
}

static struct outcome *take_outcome(struct sweep *sweep)
{
	struct outcome *outcome = g_queue_pop_head(&sweep->outcomes);

	if (outcome != NULL)
		g_cond_signal(&sweep->has_room);
	return outcome;
}

static void deliver(struct outcome *outcome, void (*done)(struct sweep_result *result, void *data),
		    void *data)
{
	struct sweep_result *result = &outcome->result;

	result->error = outcome->error;
	result->key_type = outcome->key_type;
	result->fingerprint = outcome->fingerprint;
	result->transport = outcome->transport;
	result->transport_reason = outcome->transport_reason;
	result->engine_way = outcome->engine_way;
	done(result, data);
}

static void attend(struct sweep *sweep, void (*done)(struct sweep_result *result, void *data),
		   void *data)
{
	g_mutex_lock(&sweep->lock);
	while (sweep->n_running > 0 || !g_queue_is_empty(&sweep->outcomes)) {
		struct outcome *outcome = take_outcome(sweep);

		if (outcome == NULL) {
			(void)g_cond_wait_until(&sweep->has_changed, &sweep->lock,
						g_get_monotonic_time() +
							WATCH_MS * G_TIME_SPAN_MILLISECOND);
		} else {
			g_mutex_unlock(&sweep->lock);
			deliver(outcome, done, data);
			outcome_free(outcome);
			g_mutex_lock(&sweep->lock);
		}
		watch(sweep);
	}
	g_mutex_unlock(&sweep->lock);
}

/* Fewer threads than wanted are enough; none at all is not. */
static void start_slots(struct sweep *sweep)
{
	for (guint i = 0; i < sweep->n_slots; i++) {
		struct slot *slot = &sweep->slots[i];

		slot->sweep = sweep;
		slot->thread = i == 0 ? g_thread_new("sweep", run_slot, slot)
				      : g_thread_try_new("sweep", run_slot, slot, NULL);
		if (slot->thread != NULL)
			continue;
		g_mutex_lock(&sweep->lock);
		sweep->n_running--;
		g_mutex_unlock(&sweep->lock);
	}
}

guint sweep_run_by(const struct sweep_way *way, const struct ssh_target *const *targets,
		   guint n_targets, const struct sweep_options *options,
		   void (*done)(struct sweep_result *result, void *data), void *data)
{
	const gint64 total_ms = options->ssh->total_ms;
	struct sweep sweep = {
		.way = way,
		.options = options,
		.targets = targets,
		.n_targets = n_targets,
		.total_ms = total_ms > 0 ? total_ms : LIMIT_SSH_TOTAL_MS,
		.outcomes = G_QUEUE_INIT,
	};

	if (n_targets == 0)
		return 0;
	sweep.n_slots = MIN(sweep_fit_jobs(options->jobs), n_targets);
	sweep.n_running = sweep.n_slots;
	sweep.slots = g_new0(struct slot, sweep.n_slots);
	g_mutex_init(&sweep.lock);
	g_cond_init(&sweep.has_changed);
	g_cond_init(&sweep.has_room);
	start_slots(&sweep);
	attend(&sweep, done, data);
	for (guint i = 0; i < sweep.n_slots; i++)
		g_clear_pointer(&sweep.slots[i].thread, g_thread_join);
	g_cond_clear(&sweep.has_room);
	g_cond_clear(&sweep.has_changed);
	g_mutex_clear(&sweep.lock);
	g_free(sweep.slots);
	return sweep.next;
}
