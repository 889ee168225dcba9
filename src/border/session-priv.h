/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inside of the border. A call is one request with its responses; a session is what one INVITE
 * makes: its dialogs, one a fork, and its media at the anchor. Descriptions go to the anchor one at a
 * time a session, as jobs in the order they came.
 */
#ifndef MS_BORDER_SESSION_PRIV_H
#define MS_BORDER_SESSION_PRIV_H

#include "border/border.h"
#include "border/dialog.h"
#include "border/journal.h"
#include "core/hash.h"
#include "core/list.h"
#include "daemon/log.h"
#include "loop/loop.h"

struct ms_border {
	const struct ms_border_sip_config *sip;
	struct ms_border_handlers handlers;
	void *arg;
	bool flows, draining;
	struct ms_sip_proxy *proxy;
	struct ms_hep_sender *hep; /* borrowed; NULL: none */
	struct ms_anchor *anchor;  /* NULL: media pass untouched */
	struct ms_hash *by_key;    /* struct ms_border_name */
	struct ms_list sessions, calls;
	size_t n_sessions;
	uint64_t last_id;
	struct ms_timer patience, poll;
	void (*done)(void *arg);
	void *done_arg;
	struct ms_border_journal *journal; /* sip.state; NULL: none */
};

enum ms_border_state { MS_BORDER_EARLY, MS_BORDER_CONFIRMED, MS_BORDER_ENDED };

struct ms_border_session {
	struct ms_list link;
	struct ms_border *border;
	uint64_t id;
	enum ms_border_state state;
	enum ms_sip_side caller;     /* where the caller is */
	struct ms_border_name *name; /* shared with others that it is forked to; NULL: it is over */
	struct ms_list name_link;
	char *call_id, *caller_tag, *from, *to;
	struct ms_list dialogs;          /* struct ms_border_dialog */
	struct ms_list calls;            /* struct ms_border_call, by session_link */
	struct ms_border_call *invite;   /* the first request, until it has its final answer */
	struct ms_anchor_session *media; /* NULL: none */
	struct ms_list jobs; /* struct ms_border_job; the first one is at the anchor if `busy` */
	bool busy;
	unsigned offers; /* taken by the anchor */
	bool late_offer; /* a response brought the offer; PRACK or ACK brings the answer */
	bool saved;      /* stands in sip.state */
	bool lost; /* its media are: to be released when `expiry` has given users time to come back */
	char *winner; /* tag of the callee that answered first; NULL: nobody yet, or before a restart */
	uint32_t ack_cseq;
	char *ack_body;         /* the rewritten body of the last ACK, for when it comes again */
	ms_usec since;          /* wall clock */
	struct ms_timer expiry; /* RFC 4028, or the limit */
	struct ms_timer next;   /* the next job, or the end */
};

struct ms_border_call {
	struct ms_list link, session_link;
	struct ms_border *border;
	struct ms_border_session *session; /* NULL: none, or it is over */
	struct ms_sip_exchange *x;
	void *tag;
	struct ms_border_edits edits;    /* of the request, until it is forwarded */
	struct ms_border_edits answered; /* of the response that is with us */
	struct ms_sip_hop hop;
	bool has_hop, record_route, path, forwarded;
	char *uri; /* or NULL */
	bool bye;
	bool offered;   /* the request brought an offer to the anchor */
	unsigned offer; /* which one of the session's: the last one is pending */
	bool settled;   /* and that has its final answer */
	bool late;      /* a response brought the offer */
};

/* ---- name.c ---- */

/** It can be found by its Call-ID, caller's tag and side from now on. -ENOMEM, -EMSGSIZE. */
MS_MUST_CHECK int ms_border_name_give(struct ms_border_session *s);
/** It cannot any more. */
void ms_border_name_take(struct ms_border_session *s);

/* ---- session.c ---- */

/** The session a request belongs to, and which end sent it; NULL: none. */
struct ms_border_session *ms_border_session_find(struct ms_border *b,
						 const struct ms_sip_exchange *x,
						 enum ms_border_end *ret_end);
MS_MUST_CHECK int ms_border_session_new(struct ms_border *b, const struct ms_sip_exchange *x,
					const struct ms_anchor_context *media,
					struct ms_border_session **ret_s);
void ms_border_session_join(struct ms_border_session *s, struct ms_border_call *c);
void ms_border_session_free(struct ms_border_session *s);
/** For the log: its numbers, who, and where its media are, as room allows. */
#define MS_BORDER_SESSION_TEXT 640
const char *ms_border_session_text(const struct ms_border_session *s,
				   char dst[static MS_BORDER_SESSION_TEXT]);
/** It is over: everything is let go of, soon. */
void ms_border_session_end(struct ms_border_session *s);
/** Ends it towards both sides. */
void ms_border_session_release(struct ms_border_session *s, unsigned cause, const char *text);
struct ms_border_dialog *ms_border_session_dialog(const struct ms_border_session *s,
						  struct ms_span tag);
/** `m`, from that end, is a BYE of the dialog that was answered: the call is over with it. */
bool ms_border_session_is_bye(const struct ms_border_session *s, const struct ms_sip_packet *m,
			      enum ms_border_end end);
/** A request inside, or a response: dialogs, targets, timers. */
void ms_border_session_request(struct ms_border_session *s, const struct ms_sip_packet *m,
			       enum ms_border_end end);
void ms_border_session_response(struct ms_border_session *s, struct ms_border_call *c,
				const struct ms_sip_packet *m);
/** If that end is a user of ours whose flow is gone: the one he has now. */
void ms_border_session_reach(struct ms_border *b, struct ms_border_leg *l);
bool ms_border_by_flow(const struct ms_border *b, const struct ms_border_leg *l);

/** One without dialogs and names. -ENOSPC, -ENOMEM. */
MS_MUST_CHECK int ms_border_session_blank(struct ms_border *b, uint64_t id,
					  struct ms_border_session **ret_s);

/* ---- state.c: over a restart ---- */

/** Reads what was kept and goes on keeping; after proxy and anchor are there. */
MS_MUST_CHECK int ms_border_state_open(struct ms_border *b, const char *path, struct ms_buf *error);
void ms_border_state_close(struct ms_border *b);
/** Writes the call as it is, if it is answered. */
void ms_border_state_save(struct ms_border_session *s);
/** It has ended. */
void ms_border_state_drop(struct ms_border_session *s);

/* ---- media.c: offer and answer ---- */

MS_MUST_CHECK int ms_border_media_start(struct ms_border *b, const struct ms_border_spec *spec);
void ms_border_media_stop(struct ms_border *b);
MS_MUST_CHECK int ms_border_media_open(struct ms_border_session *s,
				       const struct ms_anchor_context *context);
/** The m-lines, for operators. New reference. */
MS_MUST_CHECK json_t *ms_border_media_show(const struct ms_border_session *s);

/** true: taken, the request or response goes on later. false: it has nothing for the anchor. */
bool ms_border_media_request(struct ms_border_session *s, struct ms_border_call *c);
bool ms_border_media_response(struct ms_border_session *s, struct ms_border_call *c,
			      const struct ms_sip_packet *m);
/** A 2xx of another fork than the first one's, while the gateway has a place for one. */
bool ms_border_media_is_second(const struct ms_border_session *s, const struct ms_border_call *c,
			       const struct ms_sip_packet *m);
void ms_border_media_done(struct ms_border_session *s);

/* ---- job.c: descriptions to the anchor, one at a time ---- */

enum ms_border_what { MS_BORDER_OFFER, MS_BORDER_ANSWER, MS_BORDER_CONFIRM };

/** The dialog it belongs to: told by the callee's tag, as the caller's call-leg names nothing. */
struct ms_span ms_border_dialog_of(const struct ms_border_session *s,
				   const struct ms_sip_packet *m);
/**
 * `m`, the call's request or its response, goes on when the anchor has done with it; or is refused.
 * `final`: of an answer, the last one.
 */
void ms_border_job_add(struct ms_border_session *s, struct ms_border_call *c,
		       const struct ms_sip_packet *m, enum ms_border_what what, bool final);
/** The next job, if none is at work. */
void ms_border_job_next(struct ms_border_session *s);
/** The offer was rolled back: the job at the anchor does not come back. One of another call is refused. */
void ms_border_job_abort(struct ms_border_session *s, const struct ms_border_call *c);
/** The call is gone: its jobs, too. */
void ms_border_job_forget(struct ms_border_session *s, struct ms_border_call *c);
void ms_border_job_drop_all(struct ms_border_session *s);

/* ---- call.c ---- */

/** What the proxy calls, but for its trace; their argument is the border. */
struct ms_sip_proxy_handlers ms_border_call_handlers(void);
/** Sends the request on with the call's edits and, if `new_body`, another description; or answers. */
void ms_border_call_forward(struct ms_border_call *c, bool new_body, struct ms_span sdp);
/** The response likewise; an empty description takes the whole body out. */
void ms_border_call_pass(struct ms_border_call *c, const struct ms_sip_packet *m, bool new_body,
			 struct ms_span sdp);
/** A 2xx that nobody wants: acknowledged and ended. */
void ms_border_call_drop_2xx(struct ms_border_call *c, const struct ms_sip_packet *m,
			     unsigned cause, const char *text);

/* ---- counters.c ---- */

enum ms_border_counter {
	MS_BORDER_C_CALLS,
	MS_BORDER_C_ANSWERED,
	MS_BORDER_C_RELEASED,
	MS_BORDER_C_EXPIRED,
	MS_BORDER_C_BUSY,
	MS_BORDER_C_MEDIA_REFUSED,
	MS_BORDER_C_STRIPPED,
	MS_BORDER_C_LINES_FIRST,                                  /* by choice, up to "untouched" */
	MS_BORDER_C_REJECTED_FIRST = MS_BORDER_C_LINES_FIRST + 8, /* by reason, up to "other" */
};
void ms_border_count(enum ms_border_counter c);
void ms_border_count_reason(const char *name, const char *reason);
/** A choice of the anchor's, without its prefix; others are not counted. */
void ms_border_count_line(const char *choice);
void ms_border_counters_start(struct ms_border *b);
void ms_border_counters_stop(struct ms_border *b);

#endif
