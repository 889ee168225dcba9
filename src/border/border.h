/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What IMS-ALG and IBCF share: a proxy whose calls are watched, and whose media descriptions go through
 * the anchor (TS 23.334, TS 29.162). The program decides about each request; the border does the rest:
 * dialogs per fork, offer and answer wherever they stand (INVITE, reliable and unreliable responses,
 * PRACK, UPDATE, ACK), session timers, and the release of a call by BYE both ways (TS 24.229 clause
 * 5.2.8) when its media or its gateway are lost.
 *
 *   request -> handlers.request -> ms_border_forward() or ms_border_reject()
 *   response -> handlers.response adds header changes -> goes on
 */
#ifndef MS_BORDER_BORDER_H
#define MS_BORDER_BORDER_H

#include "anchor/anchor.h"
#include "border/config.h"
#include "border/edits.h"
#include "border/export.h"
#include "daemon/counter.h"
#include "sip/proxy.h"

struct ms_border; /* owned by the program */
struct ms_border_session;

struct ms_border_handlers {
	/** Any request; answer with one of the two functions below, before or after returning. */
	void (*request)(struct ms_border *b, struct ms_sip_exchange *x, void *arg);
	/**
	 * A response, or a failure (m NULL), before it goes on: changes of headers may be added. `tag` is
	 * what ms_border_forward() was given. May be NULL.
	 */
	void (*response)(struct ms_border *b, struct ms_sip_exchange *x,
			 const struct ms_sip_packet *m, struct ms_border_edits *edits, void *tag,
			 void *arg);
	/** `tag` will not be used any more. May be NULL. */
	void (*ended)(struct ms_border *b, struct ms_sip_exchange *x, void *tag, void *arg);
	/** As in the proxy. May be NULL. */
	void (*stream_lost)(const struct ms_sip_hop *hop, void *arg);
	/** By which flow the user with this Contact is reached now; his old one is gone. May be NULL. */
	bool (*reach)(struct ms_span contact, struct ms_sip_hop *ret_hop, void *arg);
};

struct ms_border_spec {
	const struct ms_border_sip_config *sip; /* borrowed for the border's life */
	struct ms_anchor_policy policy;
	struct ms_mgc *mgc;        /* borrowed; NULL: no gateways, media pass untouched */
	bool flows;                /* the access side are users */
	struct ms_hep_sender *hep; /* borrowed; NULL: SIP is not exported */
	struct ms_border_handlers handlers;
	void *arg;
};

/** Opens everything. `error` gets a sentence on failure. Errors as ms_sip_proxy_new(). */
MS_MUST_CHECK int ms_border_new(const struct ms_border_spec *spec, struct ms_buf *error,
				struct ms_border **ret_b);

/** Closes at once. NULL is fine. Returns NULL. */
struct ms_border *ms_border_free(struct ms_border *b);

struct ms_sip_proxy *ms_border_proxy(struct ms_border *b);

/** How a request goes on. */
struct ms_border_way {
	const struct ms_sip_hop *hop;  /* NULL: as routes and Request-URI say */
	struct ms_span uri;            /* another Request-URI; empty: as it is */
	bool record_route, path;       /* as in struct ms_sip_forward */
	struct ms_border_edits *edits; /* taken over (emptied), whatever is returned; or NULL */
	struct ms_anchor_context media;
	void *tag; /* for handlers.response */
};

/** Sends it on, now or when the gateway is ready; failures are answered. */
void ms_border_forward(struct ms_border *b, struct ms_sip_exchange *x, struct ms_border_way *way);

/** Answers an OPTIONS that asks us ourselves (RFC 3261 section 11.2): are you there? */
void ms_border_answer_options(struct ms_sip_exchange *x);

/** Answers it and counts the reason (static). */
void ms_border_reject(struct ms_border *b, struct ms_sip_exchange *x, unsigned status,
		      const char *reason, const struct ms_sip_change *c);

/**
 * Another configuration of the same points and tables: next hops, files of TLS, times, what one host may
 * have, and the policy for offers. `sip` is borrowed from now on in place of the one before. On failure
 * all is as it was, and `error` has a sentence.
 */
MS_MUST_CHECK int ms_border_change(struct ms_border *b, const struct ms_border_sip_config *sip,
				   const struct ms_anchor_policy *policy, struct ms_buf *error);

/** New requests outside of dialogs get 503; calls go on. */
void ms_border_drain(struct ms_border *b, bool drain);

/** Releases all calls, then calls done(arg), at the latest after `patience`. */
void ms_border_shutdown(struct ms_border *b, ms_usec patience, void (*done)(void *arg), void *arg);

/** Control: the calls as a list; one call in full, NULL if there is none. New references. */
MS_MUST_CHECK json_t *ms_border_list(const struct ms_border *b);
MS_MUST_CHECK json_t *ms_border_show(const struct ms_border *b, uint64_t id);
/** Releases one call; false: there is none. */
bool ms_border_release(struct ms_border *b, uint64_t id, unsigned cause, const char *text);

/** A hop as JSON, and back: -EBADMSG. For what is kept over a restart. */
MS_MUST_CHECK json_t *ms_border_hop_json(const struct ms_sip_hop *h);
MS_MUST_CHECK int ms_border_hop_read(const json_t *o, struct ms_sip_hop *ret_h);

/** Counters of the proxy and of calls; a program lists both sets. */
extern struct ms_counter_set ms_border_counters, ms_border_sip_counters;
extern struct ms_log_category ms_border_log;

#endif
