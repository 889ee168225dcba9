/* SPDX-License-Identifier: Apache-2.0 */
/* Counters of the control role, and all of them as Prometheus reads them. */
#include <errno.h>

#include "mgw/control.h"
#include "mgw/media/counters.h"

#define METRICS_MAX ((size_t)256 * 1024)

enum {
	C_MESSAGES_IN,
	C_MESSAGES_OUT,
	C_OCTETS_IN,
	C_OCTETS_OUT,
	C_REQUESTS_IN,
	C_REQUESTS_OUT,
	C_REPLIES_IN,
	C_REPLIES_OUT,
	C_REPEATS,
	C_TIMEOUTS,
	C_DUPLICATES,
	C_PENDINGS_IN,
	C_PENDINGS_OUT,
	C_UNDECODABLE,
	C_UNKNOWN_PEERS,
	C_REFUSED_JOBS,
	C_TOO_LARGE,
	C_ERRORS_IN,
	C_ERRORS_OUT,
	C_COMMANDS,
	C_COMMAND_ERRORS,
	C_NOTIFIES,
	C_CONTEXTS,
	C_TERMINATIONS,
	C_STREAMS,
	C_NO_PORT,
	C_NO_WORKER,
	C_WORKERS_LOST,
	C_LOAD,
	C_IN_SERVICE,
};

#define DROPPED "H.248 messages and requests not taken, by why."

static struct ms_counter counters[] = {
	[C_MESSAGES_IN] = MS_COUNTER("h248_messages_in_total", "H.248 messages received."),
	[C_MESSAGES_OUT] = MS_COUNTER("h248_messages_out_total", "H.248 messages sent."),
	[C_OCTETS_IN] = MS_COUNTER("h248_octets_in_total", "Octets of them, received."),
	[C_OCTETS_OUT] = MS_COUNTER("h248_octets_out_total", "Octets of them, sent."),
	[C_REQUESTS_IN] = MS_COUNTER("h248_requests_in_total", "Transactions of controllers."),
	[C_REQUESTS_OUT] = MS_COUNTER("h248_requests_out_total", "Transactions of ours."),
	[C_REPLIES_IN] = MS_COUNTER("h248_replies_in_total", "Replies received."),
	[C_REPLIES_OUT] = MS_COUNTER("h248_replies_out_total", "Replies sent."),
	[C_REPEATS] = MS_COUNTER("h248_repeats_total", "Requests of ours sent again."),
	[C_TIMEOUTS] = MS_COUNTER("h248_timeouts_total", "Requests of ours never answered."),
	[C_DUPLICATES] = MS_COUNTER("h248_duplicates_total", "Requests that came again."),
	[C_PENDINGS_IN] = MS_COUNTER("h248_pendings_in_total", "TransactionPending received."),
	[C_PENDINGS_OUT] = MS_COUNTER("h248_pendings_out_total", "TransactionPending sent."),
	[C_UNDECODABLE] = MS_COUNTER_LABEL("h248_dropped_total", DROPPED, "reason", "undecodable"),
	[C_UNKNOWN_PEERS] =
		MS_COUNTER_LABEL("h248_dropped_total", DROPPED, "reason", "unknown_peer"),
	[C_REFUSED_JOBS] = MS_COUNTER_LABEL("h248_dropped_total", DROPPED, "reason", "limit"),
	[C_TOO_LARGE] =
		MS_COUNTER_LABEL("h248_dropped_total", DROPPED, "reason", "reply_too_large"),
	[C_ERRORS_IN] = MS_COUNTER("h248_message_errors_in_total", "Messages of ours refused."),
	[C_ERRORS_OUT] = MS_COUNTER("h248_message_errors_out_total", "Messages refused by us."),
	[C_COMMANDS] = MS_COUNTER("commands_total", "Commands carried out or refused."),
	[C_COMMAND_ERRORS] = MS_COUNTER("command_errors_total", "Commands answered with an error."),
	[C_NOTIFIES] = MS_COUNTER("notifies_total", "Notify commands sent."),
	[C_CONTEXTS] = MS_GAUGE("contexts", "Contexts."),
	[C_TERMINATIONS] = MS_GAUGE("terminations", "Terminations."),
	[C_STREAMS] = MS_GAUGE("streams", "Streams of all terminations."),
	[C_NO_PORT] = MS_COUNTER_LABEL("no_resources_total", "Requests without resources.", "what",
				       "port"),
	[C_NO_WORKER] = MS_COUNTER_LABEL("no_resources_total", "Requests without resources.",
					 "what", "worker"),
	[C_WORKERS_LOST] = MS_COUNTER("workers_lost_total", "Media workers that died."),
	[C_LOAD] = MS_GAUGE("ports_taken_percent",
			    "Share of the fullest pool of ports that is taken."),
	[C_IN_SERVICE] = MS_GAUGE("in_service", "1: registered with a controller."),
};

static void refresh(struct ms_counter_set *set, void *arg);

static struct ms_counter_set set = {
	.prefix = "mediasec_mgw",
	.counters = counters,
	.n = MS_ARRAY_SIZE(counters),
	.refresh = refresh,
};

/* What the engine counts by name: one counter with the name as its label. */
#define EVENTS_MAX 64
static struct ms_counter events[EVENTS_MAX];
static struct ms_counter_set event_set = { .prefix = "mediasec_mgw", .counters = events };

static void refresh_h248(const struct ms_h248_counts *n)
{
	counters[C_MESSAGES_IN].value = n->messages_in;
	counters[C_MESSAGES_OUT].value = n->messages_out;
	counters[C_OCTETS_IN].value = n->octets_in;
	counters[C_OCTETS_OUT].value = n->octets_out;
	counters[C_REQUESTS_IN].value = n->requests_in;
	counters[C_REQUESTS_OUT].value = n->requests_out;
	counters[C_REPLIES_IN].value = n->replies_in;
	counters[C_REPLIES_OUT].value = n->replies_out;
	counters[C_REPEATS].value = n->repeats_out;
	counters[C_TIMEOUTS].value = n->timeouts;
	counters[C_DUPLICATES].value = n->duplicates;
	counters[C_PENDINGS_IN].value = n->pendings_in;
	counters[C_PENDINGS_OUT].value = n->pendings_out;
	counters[C_UNDECODABLE].value = n->undecodable;
	counters[C_UNKNOWN_PEERS].value = n->unknown_peers;
	counters[C_REFUSED_JOBS].value = n->refused_jobs;
	counters[C_TOO_LARGE].value = n->too_large;
	counters[C_ERRORS_IN].value = n->message_errors_in;
	counters[C_ERRORS_OUT].value = n->message_errors_out;
}

static void refresh(struct ms_counter_set *s, void *arg)
{
	const struct ms_mgw_control *c = arg;
	const struct ms_mgw_plane_counts *p = ms_mgw_plane_counts(c->plane);
	struct ms_mg_figures f;

	(void)s;
	ms_mg_figures(c->mg, &f);
	refresh_h248(ms_h248_entity_counts(ms_gcp_entity(c->gcp)));
	counters[C_COMMANDS].value = f.commands;
	counters[C_COMMAND_ERRORS].value = f.errors;
	counters[C_NOTIFIES].value = f.notifies;
	ms_gauge(&counters[C_CONTEXTS], f.contexts);
	ms_gauge(&counters[C_TERMINATIONS], f.terminations);
	ms_gauge(&counters[C_STREAMS], f.streams);
	counters[C_NO_PORT].value = p->no_port;
	counters[C_NO_WORKER].value = p->no_worker;
	counters[C_WORKERS_LOST].value = p->workers_lost;
	ms_gauge(&counters[C_LOAD], ms_mgw_plane_load(c->plane));
	ms_gauge(&counters[C_IN_SERVICE], ms_mg_state(c->mg) == MS_MG_IN_SERVICE);
}

void ms_mgw_control_count(void *arg, const char *counter)
{
	(void)arg;
	ms_count_reason(&event_set, "events_total", counter);
}

static void name_events(void)
{
	for (size_t i = 0; ms_mg_counters[i] && i < EVENTS_MAX; i++) {
		events[i] = (struct ms_counter)MS_COUNTER_LABEL("events_total",
								"What the gateway did and refused.",
								"event", ms_mg_counters[i]);
		event_set.n = i + 1;
	}
}

/* ---- GET /metrics ---- */

static void on_scrape(struct ms_http_request *r, void *arg)
{
	struct ms_mgw_control *c = arg;

	if (c->n_scrapes == MS_MGW_SCRAPES_MAX) {
		ms_http_refuse(r, 503);
		return;
	}
	c->scrapes[c->n_scrapes++] = r;
	if (c->n_scrapes + c->n_tallies == 1)
		ms_mgw_plane_meter(c->plane);
}

int ms_mgw_control_tally(struct ms_mgw_control *c, uint64_t id, bool text)
{
	if (c->n_tallies == MS_MGW_SCRAPES_MAX)
		return -EBUSY;
	c->tallies[c->n_tallies].id = id;
	c->tallies[c->n_tallies++].text = text;
	if (c->n_scrapes + c->n_tallies == 1)
		ms_mgw_plane_meter(c->plane);
	return 0;
}

static void answer_tallies(struct ms_mgw_control *c, const struct ms_buf *text)
{
	unsigned n = c->n_tallies;

	c->n_tallies = 0;
	for (unsigned i = 0; i < n; i++)
		ms_mgw_control_answer(c, c->tallies[i].id,
				      !c->tallies[i].text ? ms_counters_json()
				      : ms_buf_status(text)
					      ? NULL
					      : json_stringn((const char *)text->p, text->len));
}

void ms_mgw_control_metered(void *arg)
{
	struct ms_mgw_control *c = arg;
	MS_CLEANUP(ms_buf_done) struct ms_buf text;

	ms_buf_init(&text, METRICS_MAX);
	ms_counters_prometheus(&text);
	for (unsigned i = 0; i < c->n_scrapes; i++) {
		if (ms_buf_status(&text) == 0)
			ms_http_reply(c->scrapes[i], 200, "text/plain; version=0.0.4",
				      ms_buf_span(&text));
		else
			ms_http_refuse(c->scrapes[i], 503);
	}
	c->n_scrapes = 0;
	answer_tallies(c, &text);
}

int ms_mgw_control_metrics(struct ms_mgw_control *c)
{
	struct ms_http_server_options o = { .routes = &c->route, .n_routes = 1 };
	char text[MS_ADDR_TEXT_MAX];

	set.arg = c;
	name_events();
	ms_counter_set_add(&set);
	ms_counter_set_add(&event_set);
	ms_counter_set_add(&ms_media_counter_set);
	if (!ms_addr_is_set(&c->config->metrics))
		return 0;
	c->route = (struct ms_http_route){ "/metrics", MS_HTTP_GET, on_scrape, c };
	o.limits.connections = 16;
	int err = ms_http_server_new(&o, &c->metrics);
	if (err == 0)
		err = ms_http_server_listen(c->metrics, &c->config->metrics, NULL, NULL);
	if (err)
		MS_LOG(&ms_log_main, MS_LOG_ERROR, "metrics %s: %s",
		       ms_addr_print(&c->config->metrics, text), strerror(-err));
	return err;
}
