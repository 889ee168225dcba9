/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside of the gateway engine: what its files do for each other, over what mg-state.h keeps.
 *
 * Functions that check or carry out something for a controller return an H.248.8 error code, 0: done.
 */
#ifndef MS_H248_MG_PRIV_H
#define MS_H248_MG_PRIV_H

#include "h248/mg-state.h"

/* ---- mg-table.c ---- */

struct mg_context *ms_mg_context_find(const struct ms_mg *g, uint32_t id);
/** A new, empty one with a free number at a home of the plane. */
unsigned ms_mg_context_new(struct ms_mg *g, struct mg_context **ret_c);
void ms_mg_context_free(struct ms_mg *g, struct mg_context *c);
struct mg_termination *ms_mg_termination_find(const struct ms_mg *g, uint32_t number);
unsigned ms_mg_termination_new(struct ms_mg *g, struct mg_context *c, unsigned realm,
			       struct mg_termination **ret_t);
void ms_mg_termination_free(struct ms_mg *g, struct mg_termination *t);
struct mg_stream *ms_mg_stream_find(const struct mg_termination *t, uint16_t id);
unsigned ms_mg_stream_new(struct ms_mg *g, struct mg_termination *t, uint16_t id,
			  struct mg_stream **ret_s);
void ms_mg_stream_free(struct ms_mg *g, struct mg_stream *s);
struct mg_stream *ms_mg_endpoint_find(const struct ms_mg *g, ms_plane_endpoint e);
/** The bearer as it is set; the caller wipes it. */
void ms_mg_stream_bearer(const struct mg_stream *s, struct ms_bearer *ret_b);
void ms_mg_packed_free(struct mg_stream_set *set);
void ms_mg_topology_free(struct mg_topology *list);
/** Calls f for every context until it says no; f may free the one it got. */
void ms_mg_contexts_each(struct ms_mg *g, bool (*f)(struct mg_context *c, void *arg), void *arg);

/* ---- mg-name.c: termination ids ---- */

enum mg_pattern_kind { MG_PATTERN_ONE, MG_PATTERN_ALL, MG_PATTERN_CHOOSE, MG_PATTERN_ROOT };

struct mg_pattern {
	enum mg_pattern_kind kind;
	int realm;       /* index; -1: any */
	uint32_t number; /* 0: any */
};

/** 430: no such name can exist here. */
unsigned ms_mg_pattern_read(const struct ms_mg *g, const struct ms_h248_termination *t,
			    struct mg_pattern *ret_p);
bool ms_mg_pattern_has(const struct mg_pattern *p, const struct mg_termination *t);
/** Writes the text id. */
void ms_mg_name_put(const struct ms_mg *g, const struct mg_termination *t, char name[MG_NAME_MAX]);
/** The id as a node of a tree, or NULL. */
struct ms_h248_termination *ms_mg_name_node(const struct ms_mg *g, struct ms_h248_arena *a,
					    const struct mg_termination *t);
/** Index of a realm by name; "" is the first; -1: none. */
int ms_mg_realm_find(const struct ms_mg *g, struct ms_span name);

/* ---- mg-job.c, mg-undo.c ---- */

struct mg_job *ms_mg_job_new(struct ms_mg *g, void *cookie, ms_usec now);
void ms_mg_job_free(struct mg_job *j);
/** The commands are through: hands what there is to do to the plane, or finishes at once. */
void ms_mg_job_submit(struct mg_job *j);
/** An undo entry, to be filled; NULL: no memory. */
struct mg_undo *ms_mg_undo_new(struct mg_job *j, enum mg_undo_kind kind, void *what);
/** Takes everything back that came after the mark. */
void ms_mg_undo_to(struct mg_job *j, const struct mg_mark *mark);
/** Makes it final. */
void ms_mg_commit(struct mg_job *j);
/** The job works on this context. */
void ms_mg_touch(struct mg_job *j, struct mg_context *c);

/* ---- mg-ops.c ---- */

enum mg_op_list { MG_OP_SETS, MG_OP_SIGNALS, MG_OP_ENDS };
struct ms_plane_op *ms_mg_op_new(struct mg_job *j, enum mg_op_list list, enum ms_plane_verb verb,
				 struct mg_stream *s);
/** Pairs of the touched contexts. */
unsigned ms_mg_ops_pair(struct mg_job *j);
/** Makes the array out of the lists. */
unsigned ms_mg_ops_order(struct mg_job *j);
/** Forgets the pairs of a list that was not submitted. */
void ms_mg_ops_unpair(struct mg_job *j);
/** Makes the array that takes back what was done; false: nothing to do. */
bool ms_mg_ops_reverse(struct mg_job *j);

/* ---- mg-request.c ---- */

/** A command's part of the reply. NULL: no memory. */
struct ms_h248_command *ms_mg_reply_add(struct mg_job *j, struct ms_h248_action *a,
					enum ms_h248_verb verb, struct ms_h248_termination *id);
/** Gives `code` back, with words for its error descriptor. */
unsigned ms_mg_refuse(struct mg_job *j, unsigned code, struct ms_span detail);
struct ms_h248_error *ms_mg_error(struct mg_job *j, unsigned code);

/** What a command is carried out with. */
struct mg_call {
	struct mg_job *job;
	struct mg_context *context; /* NULL: the null context */
	struct ms_h248_action *reply;
	const struct ms_h248_command *cmd;
	struct mg_pattern pattern;
	struct ms_h248_command *
		*merged; /* W-: where the one reply is; NULL: of this context alone */
	bool everywhere; /* ContextID ALL */
	bool quiet;      /* W-: one reply for all, no statistics */
};

/** The command, on all terminations it is about; the code of its last failure. */
unsigned ms_mg_command_run(struct mg_call *c);

/* ---- mg-action.c ---- */

/** Carries out all actions of the request. */
void ms_mg_actions_run(struct mg_job *j, const struct ms_h248_transaction *t);

/* ---- mg-command.c: each appends its replies ---- */

unsigned ms_mg_add(struct mg_call *c, struct mg_termination **ret_t);
unsigned ms_mg_modify(struct mg_call *c, struct mg_termination *t);
unsigned ms_mg_move(struct mg_call *c, struct mg_termination *t);
unsigned ms_mg_subtract(struct mg_call *c, struct mg_termination *t);
/** Marks a termination as subtracted and its endpoints for deletion; into `reply` its statistics. */
unsigned ms_mg_take_away(struct mg_job *j, struct mg_termination *t, struct ms_h248_command *reply);

/* ---- mg-service.c ---- */

unsigned ms_mg_service_change(struct mg_call *c, struct mg_termination *t);
/** What a ServiceChange of ROOT said, once its transaction is through. */
void ms_mg_root_changed(struct ms_mg *g, enum ms_h248_sc_method method, ms_usec delay, ms_usec now);
/** The delay of a ServiceChange is over. */
void ms_mg_service_due(struct ms_mg *g, struct mg_termination *t);
/** No new contexts: by the operator or by the controller. */
bool ms_mg_closed(const struct ms_mg *g);

/* ---- mg-descriptors.c, mg-stream.c, mg-events.c, mg-root.c ---- */

/** Carries out the descriptors of an Add, Modify or Move on the termination. */
unsigned ms_mg_descriptors(struct mg_job *j, struct mg_termination *t,
			   const struct ms_h248_command *cmd, struct ms_h248_command *reply);
unsigned ms_mg_stream_apply(struct mg_job *j, struct mg_termination *t, uint16_t id,
			    const struct ms_h248_command *cmd, struct ms_h248_command *reply);
/** A signal or event names a stream: it must be one of the termination. */
unsigned ms_mg_streams_exist(struct mg_job *j, const struct mg_termination *t,
			     const struct ms_h248_command *cmd);
/** Checks an Events descriptor; *ret_events NULL: it is empty. */
unsigned ms_mg_events_take(struct mg_job *j, struct mg_termination *t,
			   const struct ms_h248_events *events, struct mg_events **ret_events);
/** The events that can be detected on terminations or on ROOT, `i` from 0 on; 0: no more. */
uint16_t ms_mg_events_known(bool root, size_t i);
/** Events and EventBuffer descriptors. */
unsigned ms_mg_events_apply(struct mg_job *j, struct mg_termination *t,
			    const struct ms_h248_command *cmd);
const struct mg_armed *ms_mg_events_find(const struct mg_events *e, uint16_t ref, uint16_t stream);
/** The bearer with our fingerprints and without its key. */
unsigned ms_mg_stream_view(struct mg_job *j, const struct mg_stream *s, struct ms_bearer *ret_b);
unsigned ms_mg_root_modify(struct mg_job *j, const struct ms_h248_command *cmd,
			   struct ms_h248_command *reply);
/** The properties of ROOT, for an audit. */
unsigned ms_mg_root_properties(struct mg_job *j, struct ms_h248_param **ret_list);

/* ---- mg-context.c, mg-topology.c ---- */

unsigned ms_mg_context_attributes(struct mg_job *j, struct mg_context *c,
				  const struct ms_h248_context *asked, struct ms_h248_context *ret);
/** Version 3: is the context one of those that an action on all is about? */
bool ms_mg_context_selected(const struct mg_context *c, const struct ms_h248_context *asked);
/** Can be selected so at all? */
unsigned ms_mg_context_selection(struct mg_job *j, uint32_t context,
				 const struct ms_h248_context *asked);
/** A Topology descriptor on top of what was; a new list, owned by the caller whatever is returned. */
unsigned ms_mg_topology_take(struct mg_job *j, const struct mg_context *c,
			     const struct ms_h248_context *asked, struct mg_topology **ret_list);
/** As an audit shows it. */
unsigned ms_mg_topology_tell(struct mg_job *j, const struct mg_context *c,
			     struct ms_h248_context *ret);
/** The termination leaves the context for another one. */
unsigned ms_mg_topology_leave(struct mg_job *j, struct mg_context *c,
			      const struct mg_termination *t);
/** False: nothing passes between the two in this stream. */
bool ms_mg_topology_flow(const struct mg_context *c, const struct mg_stream *from,
			 const struct mg_stream *to, enum ms_plane_flow *ret_flow);

/* ---- mg-audit.c, mg-pick.c, mg-union.c, mg-capability.c ---- */

/** What an Audit descriptor asks of a termination (or ROOT) goes into the reply. */
unsigned ms_mg_audit(struct mg_job *j, struct mg_termination *t, const struct ms_h248_audit *audit,
		     struct ms_h248_command *reply);
/** MS_H248_AUDIT_ bits of the descriptors that are asked for, whole or in part. */
uint32_t ms_mg_audit_wanted(const struct ms_h248_audit *a);
/** What of them has nothing to tell is named in an Audit descriptor of the reply. */
unsigned ms_mg_audit_missing(struct mg_job *j, uint32_t tokens, struct ms_h248_command *reply);
/** Whole descriptors (MS_H248_AUDIT_ bits) but Statistics into an empty command. */
unsigned ms_mg_audit_whole(struct mg_job *j, struct mg_termination *t, uint32_t tokens,
			   struct ms_h248_command *part);
/** Individual items of descriptors that are not asked for as a whole. */
unsigned ms_mg_pick(struct mg_job *j, struct mg_termination *t, const struct ms_h248_audit *audit,
		    struct ms_h248_command *part);
unsigned ms_mg_pick_statistics(struct mg_job *j, struct mg_termination *t,
			       const struct ms_h248_audit *audit, struct ms_h248_command *reply);
/** Adds the nodes of `from` to what a reply has. */
void ms_mg_audit_merge(struct ms_h248_command *from, struct ms_h248_command *into);
unsigned ms_mg_audit_capability(struct mg_job *j, struct mg_termination *t,
				const struct ms_h248_audit *audit, struct ms_h248_command *reply);

/* ---- mg-statistics.c ---- */

/** Which statistics a descriptor names; all, if none. 440, 453: there are none such. */
unsigned ms_mg_statistics_mask(struct mg_job *j, const struct ms_h248_param *list,
			       uint16_t *ret_mask);
/** Statistics of the termination go into the reply when the plane has given them. */
struct mg_fixup *ms_mg_fixup_new(struct mg_job *j, const struct mg_termination *t,
				 struct ms_h248_command *reply);
/** The same of one stream. */
struct mg_fixup *ms_mg_fixup_stream(struct mg_job *j, const struct mg_stream *s, uint16_t mask,
				    struct ms_h248_command *reply);
/** The plane is asked for those of a termination, of a stream. */
unsigned ms_mg_statistics(struct mg_job *j, struct mg_termination *t, uint16_t mask,
			  struct ms_h248_command *reply);
unsigned ms_mg_statistics_stream(struct mg_job *j, struct mg_stream *s, uint16_t mask,
				 struct ms_h248_command *reply);

/* ---- mg-embed.c ---- */

void ms_mg_events_free(struct mg_events *e);
/** What an event is to cause; *ret NULL: nothing. */
unsigned ms_mg_embedded_take(struct mg_job *j, struct mg_termination *t,
			     const struct ms_h248_event *e, struct mg_embedded **ret);
/** The event was recognized: it is to be caused as soon as the context is free. */
void ms_mg_embedded_due(struct ms_mg *g, const struct mg_termination *t, const struct mg_armed *a);
void ms_mg_embedded_run(struct ms_mg *g, ms_usec now);
/** Forgets what waits. */
void ms_mg_embedded_done(struct ms_mg *g);

/* ---- mg-signal.c: completion of signals ---- */

/** Reads of the Signals descriptor how the end of the signals of a stream is to be told. */
void ms_mg_signals_note(struct mg_stream *s, const struct ms_h248_signals *signals);
/** Is it one of a signal list that is under way already (RFC 3525 section 7.1.11)? */
bool ms_mg_signal_goes_on(const struct ms_mg *g, const struct mg_stream *s,
			  const struct ms_h248_signals *signals, unsigned which);
/** Signals of a stream ended; `how` is an MS_H248_NC_ bit. */
void ms_mg_signals_ended(struct ms_mg *g, struct mg_stream *s, unsigned which, unsigned how,
			 ms_usec now);

/* ---- mg-notify.c ---- */

/** Something that was detected, perhaps waiting in the EventBuffer. */
struct mg_observed {
	struct mg_observed *next;
	ms_usec at;
	uint16_t ref, stream;
	struct ms_bearer_event event; /* of a bearer */
	uint16_t signal;              /* g/sc: which signal ended, and how */
	uint8_t how;
	bool listed;
	uint16_t list;
};

enum mg_heard { MG_NOT_ARMED, MG_TOLD, MG_NOT_TOLD };
/** An event at a termination: buffered, told, or of no interest; it may have embedded descriptors. */
enum mg_heard ms_mg_observe(struct ms_mg *g, struct mg_termination *t, const struct mg_observed *o,
			    ms_usec now);
/** As an ObservedEvents descriptor has it, from the arena. NULL: no memory. */
struct ms_h248_observed *ms_mg_observed_put(const struct ms_mg *g, struct ms_h248_arena *a,
					    const struct mg_observed *o);

/** Sends a Notify of one observed event; its time is `now` unless it has one. */
bool ms_mg_notify(struct ms_mg *g, struct mg_termination *t, uint32_t request_id,
		  struct ms_h248_observed *o, enum mg_ask_kind kind, ms_usec now);
/** EventBufferControl was set: Off discards what is buffered. */
void ms_mg_notify_unbuffered(struct mg_termination *t);
/** New Events came: what the EventBuffer holds is looked at (RFC 3525 section 7.1.9). */
void ms_mg_notify_buffered(struct ms_mg *g, struct mg_termination *t, ms_usec now);
void ms_mg_notify_missed(struct ms_mg *g, ms_usec now);
/** An event of ROOT, if it is armed: ocp, chp, it. `percent` is chp's. */
void ms_mg_notify_root(struct ms_mg *g, uint16_t ref, unsigned percent, enum mg_ask_kind kind,
		       ms_usec now);
void ms_mg_observed_free(struct mg_termination *t);
/* ---- mg-control.c, mg-ask.c ---- */

/** Sends a request; false: it did not leave. */
bool ms_mg_ask(struct ms_mg *g, enum mg_ask_kind kind, const struct mg_termination *t,
	       struct ms_h248_action *actions);
void ms_mg_state_go(struct ms_mg *g, enum ms_mg_state to, const char *why);
void ms_mg_register_answered(struct ms_mg *g, int err, const struct ms_h248_transaction *t,
			     ms_usec now);
/** Error code of a reply, wherever in it; 0: none. */
unsigned ms_mg_error_of(const struct ms_h248_transaction *t);
void ms_mg_control_tick(struct ms_mg *g, ms_usec now);
ms_usec ms_mg_control_deadline(const struct ms_mg *g);
/** The controller we are with knows us no more, or is gone: begin to look for one. */
void ms_mg_look_for(struct ms_mg *g, unsigned first, const char *why, ms_usec now);
/** Hand-off by the controller (ServiceChange HandOff with MgcIdToTry). */
unsigned ms_mg_handoff(struct ms_mg *g, const struct ms_h248_service_change *sc, ms_usec now);
/** ServiceChange of one termination of ours, or of ROOT. */
bool ms_mg_tell_change(struct ms_mg *g, struct mg_termination *t, enum ms_h248_sc_method method,
		       const char *reason, ms_usec delay);
/** All contexts are released without a controller having asked. */
void ms_mg_release_all(struct ms_mg *g, ms_usec now);
/** One termination is: the controller does not know it. */
void ms_mg_release_orphan(struct ms_mg *g, uint32_t number, ms_usec now);

/* ---- mg-wheel.c: hangterm, delays of ServiceChange ---- */

void ms_mg_wheel_arm(struct ms_mg *g, struct mg_termination *t, ms_usec now);
void ms_mg_wheel_tick(struct ms_mg *g, ms_usec now);
ms_usec ms_mg_wheel_deadline(const struct ms_mg *g);

#endif
