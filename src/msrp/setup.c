/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 6135 section 4, RFC 6714 section 4, and paths of RFC 4976 section 5.1. */
#include <errno.h>

#include "msrp/setup.h"

#define DISCARD_PORT 9

static const char *const names[] = { NULL, "active", "passive", "actpass" };

enum ms_msrp_setup ms_msrp_setup_parse(struct ms_span value)
{
	value = ms_span_trim(value);
	for (unsigned i = MS_MSRP_SETUP_ACTIVE; i < MS_ARRAY_SIZE(names); i++) {
		if (ms_span_is_nocase(value, names[i]))
			return (enum ms_msrp_setup)i;
	}
	return MS_MSRP_SETUP_ABSENT;
}

const char *ms_msrp_setup_name(enum ms_msrp_setup setup)
{
	return names[setup];
}

enum ms_msrp_setup ms_msrp_setup_offer(bool reachable, bool relay)
{
	return reachable || relay ? MS_MSRP_SETUP_ACTPASS : MS_MSRP_SETUP_ACTIVE;
}

int ms_msrp_setup_answer(enum ms_msrp_setup offer, bool reachable, bool relay,
			 enum ms_msrp_setup *ret_setup)
{
	bool accept = reachable || relay;

	switch (offer) {
	case MS_MSRP_SETUP_PASSIVE: /* not allowed in offers, but clear */
		*ret_setup = MS_MSRP_SETUP_ACTIVE;
		return 0;
	case MS_MSRP_SETUP_ACTPASS:
		*ret_setup = accept ? MS_MSRP_SETUP_PASSIVE : MS_MSRP_SETUP_ACTIVE;
		return 0;
	default:
		if (!accept)
			return -EPROTO;
		*ret_setup = MS_MSRP_SETUP_PASSIVE;
		return 0;
	}
}

int ms_msrp_setup_active(bool offerer, enum ms_msrp_setup offer, enum ms_msrp_setup answer,
			 bool *ret_active)
{
	bool offerer_active;

	/* Without attributes RFC 4975 holds: the offerer connects. */
	if (offer == MS_MSRP_SETUP_ABSENT)
		offer = MS_MSRP_SETUP_ACTIVE;
	if (answer == MS_MSRP_SETUP_ABSENT)
		answer = MS_MSRP_SETUP_PASSIVE;
	if (answer == MS_MSRP_SETUP_ACTPASS || offer == answer)
		return -EPROTO;
	offerer_active = answer == MS_MSRP_SETUP_PASSIVE;
	*ret_active = offerer == offerer_active;
	return 0;
}

static bool host_is_one_of(struct ms_span host, const struct ms_span *list, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		if (ms_msrp_host_equal(host, list[i]))
			return true;
	}
	return false;
}

/* By name, or by any address that either resolves to (every record is compared). */
static bool hosts_match(const struct ms_msrp_description *d, unsigned i)
{
	struct ms_span host = d->path.uri[i].host;
	unsigned n = i == 0 ? d->n_path_addresses : 0;

	if (ms_msrp_host_equal(d->host, host) || host_is_one_of(d->host, d->path_addresses, n) ||
	    host_is_one_of(host, d->host_addresses, d->n_host_addresses))
		return true;
	for (unsigned k = 0; k < n; k++) {
		if (host_is_one_of(d->path_addresses[k], d->host_addresses, d->n_host_addresses))
			return true;
	}
	return false;
}

bool ms_msrp_address_matches(const struct ms_msrp_description *d)
{
	bool any_port = d->setup == MS_MSRP_SETUP_ACTIVE && d->port == DISCARD_PORT;

	for (unsigned i = 0; i < d->path.n; i++) {
		if (hosts_match(d, i) && (any_port || d->path.uri[i].port == d->port))
			return true;
	}
	return false;
}

static void reject(struct ms_msrp_plan *plan, const char *reason)
{
	*plan = (struct ms_msrp_plan){ .connect = MS_MSRP_CONNECT_REJECT, .reason = reason };
}

/* Where to, once it is known who connects. `media`: by c= and m=, else by the path. */
static void set_target(struct ms_msrp_plan *plan, const struct ms_msrp_here *here,
		       const struct ms_msrp_description *peer, bool media)
{
	if (here->relay) {
		plan->connect = MS_MSRP_CONNECT_RELAY; /* RFC 6135 section 4.5 */
	} else if (!plan->active) {
		plan->connect = MS_MSRP_CONNECT_WAIT;
	} else if (media) {
		plan->connect = MS_MSRP_CONNECT_MEDIA;
		plan->host = peer->host;
		plan->port = peer->port;
	} else {
		plan->connect = MS_MSRP_CONNECT_PATH;
		plan->host = peer->path.uri[0].host;
		plan->port = peer->path.uri[0].port;
	}
}

/* Relays of RFC 4976 end TLS hop by hop. */
static bool relays_forbidden(const struct ms_msrp_here *here, const struct ms_msrp_description *d)
{
	return here->end_to_end && (here->relay || d->path.n > 1);
}

/* RFC 6714 section 4.3, the three criteria under which the answerer falls back */
static bool answerer_falls_back(const struct ms_msrp_here *here,
				const struct ms_msrp_description *offer)
{
	bool peer_relay = offer->path.n > 1;
	bool peer_active =
		offer->setup == MS_MSRP_SETUP_ABSENT || offer->setup == MS_MSRP_SETUP_ACTIVE;

	return (here->relay && peer_relay) || (peer_relay && peer_active) ||
	       (here->relay && offer->setup == MS_MSRP_SETUP_PASSIVE);
}

void ms_msrp_plan_answer(const struct ms_msrp_here *here, const struct ms_msrp_description *offer,
			 struct ms_msrp_plan *ret_plan)
{
	struct ms_msrp_plan plan = { .reason = NULL };

	if (relays_forbidden(here, offer)) {
		reject(ret_plan, "relay_not_end_to_end");
		return;
	}
	if (here->cema && !offer->cema && !ms_msrp_address_matches(offer)) {
		reject(ret_plan, "address_changed_without_cema");
		return;
	}
	if (ms_msrp_setup_answer(offer->setup, here->reachable, here->relay, &plan.setup) < 0) {
		reject(ret_plan, "nobody_can_connect");
		return;
	}
	plan.active = plan.setup == MS_MSRP_SETUP_ACTIVE;
	plan.cema = here->cema && !answerer_falls_back(here, offer);
	set_target(&plan, here, offer, plan.cema);
	*ret_plan = plan;
}

/* RFC 6714 section 4.2, the three criteria for a new offer */
static bool offerer_falls_back(const struct ms_msrp_here *here,
			       const struct ms_msrp_description *answer, bool active)
{
	if (answer->cema || ms_msrp_address_matches(answer))
		return false;
	return !active || here->relay || answer->path.n > 1;
}

void ms_msrp_plan_offer(const struct ms_msrp_here *here, enum ms_msrp_setup offered,
			const struct ms_msrp_description *answer, struct ms_msrp_plan *ret_plan)
{
	struct ms_msrp_plan plan = { .cema = here->cema && answer->cema };
	bool no_middlebox;

	if (relays_forbidden(here, answer)) {
		reject(ret_plan, "relay_not_end_to_end");
		return;
	}
	if (ms_msrp_setup_active(true, offered, answer->setup, &plan.active) < 0) {
		reject(ret_plan, "setup_contradiction");
		return;
	}
	if (here->cema && offerer_falls_back(here, answer, plan.active)) {
		if (here->end_to_end) {
			reject(ret_plan, "middlebox_would_terminate");
			return;
		}
		plan.connect = MS_MSRP_CONNECT_REOFFER;
		plan.reason = "answer_without_cema";
		*ret_plan = plan;
		return;
	}
	/* The peer's relay stands where its c= and m= point to: RFC 4975 is followed. */
	no_middlebox = !answer->cema && answer->path.n > 1 && ms_msrp_address_matches(answer);
	set_target(&plan, here, answer, here->cema && !no_middlebox);
	*ret_plan = plan;
}

static int put_path(struct ms_buf *b, const struct ms_msrp_path *path, bool reverse)
{
	for (unsigned i = 0; i < path->n; i++) {
		unsigned k = reverse ? path->n - 1 - i : i;

		if (i > 0)
			ms_buf_put_u8(b, ' ');
		ms_buf_put_span(b, path->uri[k].text);
	}
	return ms_buf_status(b);
}

static int put_joined(struct ms_buf *b, struct ms_span use_path, struct ms_span rest, bool reverse)
{
	struct ms_msrp_path relays = { .n = 0 }, tail;
	int err = 0;

	if (use_path.len > 0)
		err = ms_msrp_path_parse(use_path, &relays);
	if (err == 0)
		err = ms_msrp_path_parse(rest, &tail);
	if (err == 0 && relays.n + tail.n > MS_MSRP_PATH_MAX)
		err = -E2BIG;
	if (err < 0)
		return err;
	err = put_path(b, &relays, reverse);
	if (relays.n > 0)
		ms_buf_put_u8(b, ' ');
	return err < 0 ? err : put_path(b, &tail, false);
}

int ms_msrp_put_local_path(struct ms_buf *b, struct ms_span use_path, struct ms_span own_uri)
{
	return put_joined(b, use_path, own_uri, true);
}

int ms_msrp_put_remote_path(struct ms_buf *b, struct ms_span use_path, struct ms_span peer_path)
{
	return put_joined(b, use_path, peer_path, false);
}
