/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One function a structure, in the order of message.h. SAME: a number. EACH: a list, in its order.
 * Names are compared by their text.
 */
#include "tree-equal.h"

#define SAME(member) (a->member == b->member)
#define SPAN(member) ms_span_eq(a->member, b->member)
#define ONE(f, member) (!a->member == !b->member && (!a->member || f(a->member, b->member)))
#define EACH(type, f)                                                    \
	static bool f##_list(const struct type *a, const struct type *b) \
	{                                                                \
		for (; a && b; a = a->next, b = b->next)                 \
			if (!f(a, b))                                    \
				return false;                            \
		return !a && !b;                                         \
	}

static bool name(const struct ms_h248_name *a, const struct ms_h248_name *b)
{
	return SPAN(package) && SPAN(item);
}

static bool value(const struct ms_h248_value *a, const struct ms_h248_value *b)
{
	return SPAN(octets) && SAME(form);
}
EACH(ms_h248_value, value)

static bool param(const struct ms_h248_param *a, const struct ms_h248_param *b)
{
	return name(&a->name, &b->name) && SAME(relation) && value_list(a->values, b->values);
}
EACH(ms_h248_param, param)

static bool mid(const struct ms_h248_mid *a, const struct ms_h248_mid *b)
{
	return SAME(kind) && SAME(port) && SAME(port_only) && SPAN(name) &&
	       memcmp(a->address, b->address, sizeof(a->address)) == 0;
}

static bool termination(const struct ms_h248_termination *a, const struct ms_h248_termination *b)
{
	return SAME(kind) && (a->kind != MS_H248_TERMINATION_NAMED || SPAN(name));
}
EACH(ms_h248_termination, termination)

static bool error(const struct ms_h248_error *a, const struct ms_h248_error *b)
{
	return SAME(code) && SPAN(text) && !a->text.p == !b->text.p;
}

static bool timestamp(const struct ms_h248_timestamp *a, const struct ms_h248_timestamp *b)
{
	return SAME(present) && memcmp(a->date, b->date, 8) == 0 &&
	       memcmp(a->time, b->time, 8) == 0;
}

static bool sdp(const struct ms_h248_sdp *a, const struct ms_h248_sdp *b)
{
	return SAME(present) && SPAN(sdp);
}

static bool stream(const struct ms_h248_stream *a, const struct ms_h248_stream *b)
{
	return SAME(id) && SAME(has_control) && SAME(control.mode) && SAME(control.mode_unequal) &&
	       SAME(control.reserve_value) && SAME(control.reserve_group) &&
	       param_list(a->control.properties, b->control.properties) &&
	       sdp(&a->local, &b->local) && sdp(&a->remote, &b->remote) && SAME(has_statistics) &&
	       param_list(a->statistics, b->statistics);
}
EACH(ms_h248_stream, stream)

static bool media(const struct ms_h248_media *a, const struct ms_h248_media *b)
{
	return SAME(has_state) && param_list(a->state_properties, b->state_properties) &&
	       SAME(event_buffer) && SAME(service_state) && SAME(service_state_unequal) &&
	       stream_list(a->streams, b->streams);
}

static bool digitmap(const struct ms_h248_digitmap *a, const struct ms_h248_digitmap *b)
{
	return SAME(present) && SPAN(name) && SPAN(body) && SAME(t) && SAME(s) && SAME(l) &&
	       SAME(z);
}

static bool events(const struct ms_h248_events *a, const struct ms_h248_events *b);
static bool signals(const struct ms_h248_signals *a, const struct ms_h248_signals *b);

static bool event(const struct ms_h248_event *a, const struct ms_h248_event *b)
{
	return name(&a->name, &b->name) && SAME(stream) && SAME(keep_active) && SAME(notify) &&
	       SAME(reset_events) && digitmap(&a->digitmap, &b->digitmap) &&
	       ONE(signals, signals) && ONE(events, events) && ONE(signals, regulated_signals) &&
	       ONE(events, regulated_events) && param_list(a->params, b->params);
}
EACH(ms_h248_event, event)

static bool events(const struct ms_h248_events *a, const struct ms_h248_events *b)
{
	return SAME(has_request_id) && SAME(request_id) && event_list(a->list, b->list);
}

static bool signal_list(const struct ms_h248_signal *a, const struct ms_h248_signal *b);

static bool signal(const struct ms_h248_signal *a, const struct ms_h248_signal *b)
{
	return name(&a->name, &b->name) && SAME(stream) && SAME(type) && SAME(has_duration) &&
	       SAME(duration) && SAME(has_completion) && SAME(completion) && SAME(keep_active) &&
	       SAME(direction) && SAME(has_request_id) && SAME(request_id) && SAME(has_delay) &&
	       SAME(delay) && param_list(a->params, b->params) && SAME(is_list) && SAME(list_id) &&
	       signal_list(a->list, b->list);
}
EACH(ms_h248_signal, signal)

static bool signals(const struct ms_h248_signals *a, const struct ms_h248_signals *b)
{
	return signal_list(a->list, b->list);
}

static bool observed(const struct ms_h248_observed *a, const struct ms_h248_observed *b)
{
	return timestamp(&a->time, &b->time) && name(&a->name, &b->name) && SAME(stream) &&
	       param_list(a->params, b->params);
}
EACH(ms_h248_observed, observed)

static bool package(const struct ms_h248_package *a, const struct ms_h248_package *b)
{
	return SPAN(name.package) && SAME(version);
}
EACH(ms_h248_package, package)

static bool audit(const struct ms_h248_audit *a, const struct ms_h248_audit *b)
{
	return SAME(tokens) && ONE(media, media) && ONE(events, events) && ONE(signals, signals) &&
	       ONE(events, event_buffer) && digitmap(&a->digitmap, &b->digitmap) &&
	       param_list(a->statistics, b->statistics) && package_list(a->packages, b->packages);
}

static bool service_change(const struct ms_h248_service_change *a,
			   const struct ms_h248_service_change *b)
{
	return SAME(method) && SPAN(method_name) && mid(&a->address, &b->address) &&
	       mid(&a->mgc_id, &b->mgc_id) && SAME(version) && SPAN(profile) && SPAN(reason) &&
	       SAME(has_delay) && SAME(delay) && timestamp(&a->time, &b->time) &&
	       ONE(audit, info) && SAME(incomplete) && param_list(a->extensions, b->extensions);
}

static bool modem(const struct ms_h248_modem *a, const struct ms_h248_modem *b)
{
	return SPAN(types) && param_list(a->properties, b->properties);
}

static bool mux(const struct ms_h248_mux *a, const struct ms_h248_mux *b)
{
	return SAME(type) && SPAN(extension) && termination_list(a->terminations, b->terminations);
}

static bool descriptors(const struct ms_h248_command *a, const struct ms_h248_command *b)
{
	return ONE(media, media) && ONE(modem, modem) && ONE(mux, mux) && ONE(events, events) &&
	       event_list(a->event_buffer, b->event_buffer) && SAME(has_event_buffer) &&
	       ONE(signals, signals) && digitmap(&a->digitmap, &b->digitmap) && ONE(audit, audit) &&
	       SAME(has_observed) && SAME(observed_id) && observed_list(a->observed, b->observed) &&
	       SAME(has_statistics) && param_list(a->statistics, b->statistics) &&
	       package_list(a->packages, b->packages) && ONE(service_change, service_change) &&
	       ONE(error, error);
}

static bool command(const struct ms_h248_command *a, const struct ms_h248_command *b)
{
	return SAME(verb) && SAME(optional) && SAME(wildcard_response) &&
	       termination_list(a->terminations, b->terminations) && SAME(context_audit) &&
	       descriptors(a, b);
}
EACH(ms_h248_command, command)

static bool topology(const struct ms_h248_topology *a, const struct ms_h248_topology *b)
{
	return termination(&a->from, &b->from) && termination(&a->to, &b->to) && SAME(kind) &&
	       SAME(has_base) && SAME(base) && SAME(stream);
}
EACH(ms_h248_topology, topology)

static bool context_id(const struct ms_h248_context_id *a, const struct ms_h248_context_id *b)
{
	return SAME(id);
}
EACH(ms_h248_context_id, context_id)

static bool selects(const struct ms_h248_context_select *a, const struct ms_h248_context_select *b)
{
	return SAME(logic) && SAME(emergency) && SAME(ieps) && SAME(has_priority) &&
	       SAME(priority) && param_list(a->properties, b->properties) &&
	       context_id_list(a->list, b->list);
}

static bool context(const struct ms_h248_context *a, const struct ms_h248_context *b)
{
	return SAME(present) && SAME(has_topology) && topology_list(a->topology, b->topology) &&
	       SAME(emergency) && SAME(ieps) && SAME(has_priority) && SAME(priority) &&
	       param_list(a->properties, b->properties) && context_id_list(a->list, b->list) &&
	       SAME(audit) && SAME(audit_topology) && SAME(audit_emergency) &&
	       SAME(audit_priority) && SAME(audit_ieps) &&
	       param_list(a->audit_properties, b->audit_properties) && ONE(selects, select);
}

static bool action(const struct ms_h248_action *a, const struct ms_h248_action *b)
{
	return SAME(context) && context(&a->attributes, &b->attributes) &&
	       command_list(a->commands, b->commands) && ONE(error, error);
}
EACH(ms_h248_action, action)

static bool ack(const struct ms_h248_ack *a, const struct ms_h248_ack *b)
{
	return SAME(first) && SAME(last);
}
EACH(ms_h248_ack, ack)

static bool transaction(const struct ms_h248_transaction *a, const struct ms_h248_transaction *b)
{
	return SAME(kind) && SAME(id) && SAME(ack_required) && SAME(segment) && SAME(segment_end) &&
	       action_list(a->actions, b->actions) && ONE(error, error) &&
	       ack_list(a->acks, b->acks);
}
EACH(ms_h248_transaction, transaction)

static bool auth(const struct ms_h248_auth *a, const struct ms_h248_auth *b)
{
	return SAME(present) && memcmp(a->spi, b->spi, 4) == 0 &&
	       memcmp(a->sequence, b->sequence, 4) == 0 && SPAN(data);
}

bool h248_tree_equal(const struct ms_h248_message *a, const struct ms_h248_message *b)
{
	return auth(&a->auth, &b->auth) && SAME(version) && mid(&a->mid, &b->mid) &&
	       ONE(error, error) && transaction_list(a->transactions, b->transactions);
}
