/* SPDX-License-Identifier: Apache-2.0 */
/* Packages: looking up, overrides, values in both forms, binding of a message. */
#include "ms-test.h"

#include <errno.h>

#include "h248/package.h"

static struct ms_h248_registry reg;

static int setup(void **state)
{
	(void)state;
	ms_h248_registry_init(&reg);
	return 0;
}

static int set(const char *path, const char *value)
{
	return ms_h248_registry_set(&reg, ms_span_str(path), ms_span_str(value));
}

static uint16_t find(enum ms_h248_kind kind, const char *package, const char *item)
{
	return ms_h248_item_find(&reg, kind, ms_span_str(package), ms_span_str(item));
}

static void test_every_item_is_found(void **state)
{
	(void)state;
	for (uint16_t ref = 1; ref < MS_H248_ITEM_COUNT; ref++) {
		const struct ms_h248_item *it = &ms_h248_items[ref];
		struct ms_h248_name n = ms_h248_name_of(&reg, ref);
		if (it->kind == MS_H248_PARAMETER) {
			assert_int_equal(ms_h248_param_find(&reg, it->parent, n.item), ref);
			assert_int_equal(ms_h248_param_find_number(&reg, it->parent, n.id), ref);
			continue;
		}
		assert_int_equal(ms_h248_item_find(&reg, it->kind, n.package, n.item), ref);
		assert_int_equal(ms_h248_item_find_number(&reg, it->kind, n.id), ref);
	}
}

static void test_lookup(void **state)
{
	(void)state;
	assert_int_equal(find(MS_H248_PROPERTY, "TMAN", "Pol"), MS_H248_TMAN_POL);
	assert_int_equal(find(MS_H248_EVENT, "tman", "pol"), 0);
	assert_int_equal(find(MS_H248_PROPERTY, "nosuch", "pol"), 0);
	assert_int_equal(ms_h248_name_of(&reg, MS_H248_TMAN_POL).id, 0x008d0003);
	assert_int_equal(ms_h248_item_find_number(&reg, MS_H248_SIGNAL, 0x00990001),
			 MS_H248_IPNAPT_LATCH);
	assert_int_equal(ms_h248_item_find_number(&reg, MS_H248_SIGNAL, 0x00990002), 0);
	/* RFC 3525 E.12: rtp extends nt, E.11.4 */
	assert_int_equal(find(MS_H248_STATISTIC, "rtp", "os"), MS_H248_NT_OS);
	assert_int_equal(ms_h248_item_find_number(&reg, MS_H248_STATISTIC, 0x000c0002),
			 MS_H248_NT_OS);
	assert_int_equal(ms_h248_param_find(&reg, 0, MS_SPAN_LIT("napt")), 0);
}

static void test_override(void **state)
{
	(void)state;
	assert_int_equal(set("tcpbcc", "0x0107"), 0);
	assert_int_equal(set("tcpbcc/EstBNC", "Establish 0x0012"), 0);
	assert_int_equal(set("tlsbsc/BNCChange/Type/EstFail", "9"), 0);
	struct ms_h248_name n = ms_h248_name_of(&reg, MS_H248_TCPBCC_ESTBNC);
	assert_int_equal(n.id, 0x01070012);
	assert_true(ms_span_is(n.item, "Establish"));
	assert_int_equal(find(MS_H248_SIGNAL, "tcpbcc", "establish"), MS_H248_TCPBCC_ESTBNC);
	assert_int_equal(find(MS_H248_SIGNAL, "tcpbcc", "EstBNC"), 0);
	assert_int_equal(ms_h248_item_find_number(&reg, MS_H248_SIGNAL, 0x01070012),
			 MS_H248_TCPBCC_ESTBNC);
	/* the path is always that of the description file */
	assert_int_equal(set("tcpbcc/EstBNC", "EstBNC"), 0);
	assert_int_equal(find(MS_H248_SIGNAL, "tcpbcc", "EstBNC"), MS_H248_TCPBCC_ESTBNC);
}

static void test_override_refused(void **state)
{
	(void)state;
	assert_int_equal(set("nosuch", "1"), -ENOENT);
	assert_int_equal(set("tcpbcc/nosuch", "1"), -ENOENT);
	assert_int_equal(set("tcpbcc/BNCChange/Type/nosuch", "1"), -ENOENT);
	assert_int_equal(set("tcpbcc/BNCChange/Type/Est/more", "1"), -ENOENT);
	assert_int_equal(set("", "1"), -ENOENT);
	assert_int_equal(set("tcpbcc", ""), -EINVAL);
	assert_int_equal(set("tcpbcc", "a b"), -EINVAL);
	assert_int_equal(set("tcpbcc", "0x"), -EINVAL);
	assert_int_equal(set("tcpbcc", "-1"), -EINVAL);
	assert_int_equal(set("tcpbcc", "0xffff"), -ERANGE);
	assert_int_equal(set("tcpbcc", "65535"), -ERANGE);
	assert_int_equal(set("tcpbcc", "0xf090"), -EEXIST); /* tlsbsc has it */
	assert_int_equal(set("tcpbcc", "TLSBSC"), -EEXIST);
	assert_int_equal(set("xem/rel", "tcpin"), -EEXIST);
	assert_int_equal(set("tcpbcc/BNCChange/Type/Est", "128"), -EEXIST);
	assert_false(reg.changed);
}

static void test_override_names_are_bounded(void **state)
{
	char name[65];
	int err = 0;

	(void)state;
	memset(name, 'a', sizeof(name));
	assert_int_equal(ms_h248_registry_set(&reg, MS_SPAN_LIT("xem"), ms_span_of(name, 65)),
			 -ERANGE);
	for (int i = 0; i < 100 && err == 0; i++) {
		name[0] = (char)('a' + i % 26);
		err = ms_h248_registry_set(&reg, MS_SPAN_LIT("xem"), ms_span_of(name, 64));
	}
	assert_int_equal(err, -ENOSPC);
}

struct value_case {
	uint16_t item;
	enum ms_h248_form form;
	const char *text;
	const char *ber;
	size_t len;
};

/* RFC 3525 A.2, the table of types; B.3 for the text. */
static const struct value_case values[] = {
	{ MS_H248_HANGTERM_THB_TIMERX, MS_H248_TEXT, "300", "\x02\x02\x01\x2c", 4 },
	{ MS_H248_HANGTERM_THB_TIMERX, MS_H248_TEXT, "128", "\x02\x02\x00\x80", 4 },
	{ MS_H248_NT_OS, MS_H248_TEXT, "4294967296", "\x02\x05\x01\x00\x00\x00\x00", 7 },
	{ MS_H248_TMAN_POL, MS_H248_TEXT, "on", "\x01\x01\xff", 3 },
	{ MS_H248_TMAN_POL, MS_H248_TEXT, "off", "\x01\x01\x00", 3 },
	{ MS_H248_XEM_TCPIN, MS_H248_TEXT, "forward", "\x0a\x01\x02", 3 },
	{ MS_H248_TLSBSC_BNCCHANGE_TYPE, MS_H248_TEXT, "EstFail", "\x0a\x02\x00\x80", 4 },
	{ MS_H248_IPDC_REALM, MS_H248_QUOTED, "core",
	  "\x16\x04"
	  "core",
	  6 },
	{ MS_H248_IPDC_REALM, MS_H248_QUOTED, "k\xc3\xb6ln", "\x0c\x05k\xc3\xb6ln", 7 },
	{ MS_H248_XEM_PSK, MS_H248_QUOTED, "00AF", "\x04\x02\x00\xaf", 4 },
	{ MS_H248_G_CAUSE_FAILURECAUSE, MS_H248_QUOTED, "fin",
	  "\x04\x03"
	  "fin",
	  5 },
	{ MS_H248_G_SC_SIGID, MS_H248_QUOTED, "ipnapt/latch", "\x04\x04\x00\x99\x00\x01", 6 },
};

static void test_values(void **state)
{
	struct ms_h248_arena a;

	(void)state;
	ms_h248_arena_init(&a, 0);
	for (size_t i = 0; i < MS_ARRAY_SIZE(values); i++) {
		const struct value_case *c = &values[i];
		struct ms_h248_value v = { .octets = ms_span_str(c->text), .form = c->form };
		assert_int_equal(ms_h248_value_to_ber(&reg, c->item, &v, &a), 0);
		assert_int_equal(v.form, MS_H248_BER);
		assert_int_equal(v.octets.len, c->len);
		assert_memory_equal(v.octets.p, c->ber, c->len);
		assert_int_equal(ms_h248_value_to_text(&reg, c->item, &v, &a), 0);
		assert_int_equal(v.form, c->form);
		assert_true(ms_span_is(v.octets, c->text));
	}
	ms_h248_arena_done(&a);
}

static void test_values_by_tag(void **state)
{
	struct ms_h248_arena a;
	struct ms_h248_value v = { .octets = MS_SPAN_LIT("\x02\x01\xff"), .form = MS_H248_BER };

	(void)state;
	ms_h248_arena_init(&a, 0);
	assert_int_equal(ms_h248_value_to_text(&reg, 0, &v, &a), 0);
	assert_true(ms_span_is(v.octets, "-1"));
	v = (struct ms_h248_value){ .octets = MS_SPAN_LIT("\x16\x02hi"), .form = MS_H248_BER };
	assert_int_equal(ms_h248_value_to_text(&reg, 0, &v, &a), 0);
	assert_true(ms_span_is(v.octets, "hi"));
	assert_int_equal(v.form, MS_H248_QUOTED);
	ms_h248_arena_done(&a);
}

static void test_values_refused(void **state)
{
	static const struct {
		uint16_t item;
		const char *octets;
		enum ms_h248_form form;
	} bad[] = {
		{ MS_H248_TMAN_POL, "maybe", MS_H248_TEXT },
		{ MS_H248_TMAN_SDR, "12x", MS_H248_TEXT },
		{ MS_H248_XEM_TCPIN, "sideways", MS_H248_TEXT },
		{ MS_H248_XEM_PSK, "0", MS_H248_QUOTED },
		{ MS_H248_XEM_PSK, "zz", MS_H248_QUOTED },
		{ MS_H248_G_SC_SIGID, "ipnapt/nosuch", MS_H248_QUOTED },
		{ 0, "unknown", MS_H248_TEXT },
		{ MS_H248_XEM_TCPIN, "\x0a\x01\x09", MS_H248_BER },
		{ MS_H248_TMAN_POL, "\x02\x01\x01", MS_H248_BER },
		{ MS_H248_TMAN_SDR, "\x02\x05\x01", MS_H248_BER },
		{ MS_H248_TMAN_SDR, "\x16\x01\x31", MS_H248_BER },
		{ MS_H248_IPDC_REALM,
		  "\x16\x01"
		  "ab",
		  MS_H248_BER },
	};
	struct ms_h248_arena a;

	(void)state;
	ms_h248_arena_init(&a, 0);
	for (size_t i = 0; i < MS_ARRAY_SIZE(bad); i++) {
		struct ms_h248_value v = { .octets = ms_span_str(bad[i].octets),
					   .form = bad[i].form };
		int err = v.form == MS_H248_BER ? ms_h248_value_to_text(&reg, bad[i].item, &v, &a)
						: ms_h248_value_to_ber(&reg, bad[i].item, &v, &a);
		assert_int_equal(err, -EINVAL);
		assert_int_equal(v.form, bad[i].form);
	}
	ms_h248_arena_done(&a);
}

static void test_value_number(void **state)
{
	struct ms_h248_value v = { .octets = MS_SPAN_LIT("EstFail") };
	int64_t n;

	(void)state;
	assert_int_equal(set("tlsbsc/BNCChange/Type/EstFail", "Broken 9"), 0);
	assert_int_equal(ms_h248_value_number(&reg, MS_H248_TLSBSC_BNCCHANGE_TYPE, &v, &n),
			 -EINVAL);
	v.octets = MS_SPAN_LIT("broken");
	assert_int_equal(ms_h248_value_number(&reg, MS_H248_TLSBSC_BNCCHANGE_TYPE, &v, &n), 0);
	assert_int_equal(n, MS_H248_TLSBSC_BNCCHANGE_TYPE_ESTFAIL); /* never what the wire says */
	v.octets = MS_SPAN_LIT("101");
	assert_int_equal(ms_h248_value_number(&reg, MS_H248_CHP_MGCON_REDUCTION, &v, &n), -ERANGE);
	v.octets = MS_SPAN_LIT("on");
	assert_int_equal(ms_h248_value_number(&reg, MS_H248_TMAN_POL, &v, &n), 0);
	assert_int_equal(n, 1);
}

/* A command with a property, an event with a parameter and a signal, by text names. */
struct tree {
	struct ms_h248_message m;
	struct ms_h248_transaction t;
	struct ms_h248_action action;
	struct ms_h248_command command;
	struct ms_h248_media media;
	struct ms_h248_stream stream;
	struct ms_h248_param property, timer;
	struct ms_h248_value value, seconds;
	struct ms_h248_events events;
	struct ms_h248_event event;
	struct ms_h248_signals signals;
	struct ms_h248_signal signal;
};

static void grow(struct tree *t)
{
	*t = (struct tree){ 0 };
	t->m.transactions = &t->t;
	t->t.actions = &t->action;
	t->action.commands = &t->command;
	t->command.media = &t->media;
	t->media.streams = &t->stream;
	t->stream.control.properties = &t->property;
	t->property.name = (struct ms_h248_name){ MS_SPAN_LIT("xem"), MS_SPAN_LIT("tcpin"), 0, 0 };
	t->property.values = &t->value;
	t->value.octets = MS_SPAN_LIT("forward");
	t->command.events = &t->events;
	t->events.list = &t->event;
	t->event.name = (struct ms_h248_name){ MS_SPAN_LIT("hangterm"), MS_SPAN_LIT("thb"), 0, 0 };
	t->event.params = &t->timer;
	t->timer.name.item = MS_SPAN_LIT("timerx");
	t->timer.values = &t->seconds;
	t->seconds.octets = MS_SPAN_LIT("300");
	t->command.signals = &t->signals;
	t->signals.list = &t->signal;
	t->signal.name.id = 0xf0890001; /* tcpbcc/EstBNC */
}

static void test_bind(void **state)
{
	struct ms_h248_arena a;
	struct tree t;

	(void)state;
	ms_h248_arena_init(&a, 0);
	grow(&t);
	assert_int_equal(ms_h248_bind(&t.m, &reg, MS_H248_BIND_BER, &a, NULL), 0);
	assert_int_equal(t.property.name.id, 0xf0a00001);
	assert_int_equal(t.property.name.ref, MS_H248_XEM_TCPIN);
	assert_int_equal(t.timer.name.id, 1);
	assert_int_equal(t.timer.name.ref, MS_H248_HANGTERM_THB_TIMERX);
	assert_int_equal(t.seconds.form, MS_H248_BER);
	assert_true(ms_span_is(t.signal.name.package, "tcpbcc"));
	assert_true(ms_span_is(t.signal.name.item, "EstBNC"));
	assert_int_equal(ms_h248_bind(&t.m, &reg, MS_H248_BIND_TEXT, &a, NULL), 0);
	assert_true(ms_span_is(t.value.octets, "forward"));
	assert_true(ms_span_is(t.seconds.octets, "300"));
	ms_h248_arena_done(&a);
}

static void test_bind_wildcards(void **state)
{
	struct ms_h248_arena a;
	struct tree t;

	(void)state;
	ms_h248_arena_init(&a, 0);
	grow(&t);
	t.event.name = (struct ms_h248_name){ MS_SPAN_LIT("*"), MS_SPAN_LIT("*"), 0, 0 };
	t.event.params = NULL;
	t.signal.name = (struct ms_h248_name){ .id = 0xf089ffff };
	assert_int_equal(ms_h248_bind(&t.m, &reg, MS_H248_BIND_BER, &a, NULL), 0);
	assert_int_equal(t.event.name.id, 0xffffffff);
	assert_true(ms_span_is(t.signal.name.package, "tcpbcc"));
	assert_true(ms_span_is(t.signal.name.item, "*"));
	ms_h248_arena_done(&a);
}

static void test_bind_unknown(void **state)
{
	struct ms_h248_arena a;
	struct ms_fault fault = { 0 };
	struct tree t;

	(void)state;
	ms_h248_arena_init(&a, 0);
	grow(&t);
	t.property.name.item = MS_SPAN_LIT("nosuch");
	assert_int_equal(ms_h248_bind(&t.m, &reg, MS_H248_BIND_TEXT, &a, &fault), 0);
	assert_int_equal(t.property.name.ref, 0);
	assert_int_equal(ms_h248_bind(&t.m, &reg, MS_H248_BIND_BER, &a, &fault), -ENOENT);
	assert_int_equal(fault.code, 445);
	grow(&t);
	t.event.name.package = MS_SPAN_LIT("nosuch");
	assert_int_equal(ms_h248_bind(&t.m, &reg, MS_H248_BIND_BER, &a, &fault), -ENOENT);
	assert_int_equal(fault.code, 440);
	grow(&t);
	t.value.octets = MS_SPAN_LIT("upwards");
	assert_int_equal(ms_h248_bind(&t.m, &reg, MS_H248_BIND_BER, &a, &fault), -EINVAL);
	assert_int_equal(fault.code, 449);
	ms_h248_arena_done(&a);
}

/* ---- terminations ---- */

struct name_case {
	const char *name;
	const char *octets, *wildcard;
	size_t wildcards;
};

/* Groups core/1 (code 0), core/2 (1), access/1 (8). */
static const struct name_case names[] = {
	{ "ip/core/1/9001", "\x20\x00\x23\x29", "", 0 },
	{ "ip/core/2/0", "\x20\x20\x00\x00", "", 0 },
	{ "ip/access/1/2097151", "\x21\x1f\xff\xff", "", 0 },
	{ "ip/core/1/$", "\x20\x00\x00\x00", "\x54", 1 },
	{ "ip/core/$/$", "\x20\x00\x00\x00", "\x57", 1 },
	{ "ip/*/*/*", "\x20\x00\x00\x00", "\xdc", 1 },
	{ "ip/core/*/$", "\x20\x00\x00\x00", "\x97\x54", 2 },
	{ "b/21ff0000", "\x21\xff\x00\x00", "", 0 }, /* no such interface */
	{ "b/ff0000", "\xff\x00\x00", "", 0 },
	{ "b/0000/4f", "\x00\x00", "\x4f", 1 },
};

static void add_groups(void)
{
	static const char *const groups[][2] = {
		{ "core", "1" }, { "core", "2" }, { "access", "1" }, { "Core", "1" }
	};
	for (size_t i = 0; i < MS_ARRAY_SIZE(groups); i++)
		assert_int_equal(ms_h248_registry_add_group(&reg, ms_span_str(groups[i][0]),
							    ms_span_str(groups[i][1])),
				 0);
	assert_int_equal(reg.n_groups, 3);
}

static void test_terminations(void **state)
{
	struct ms_h248_arena a;

	(void)state;
	ms_h248_arena_init(&a, 0);
	add_groups();
	for (size_t i = 0; i < MS_ARRAY_SIZE(names); i++) {
		const struct name_case *c = &names[i];
		struct ms_h248_termination t = { .name = ms_span_str(c->name) };
		assert_int_equal(ms_h248_termination_to_ber(&reg, &t, &a), 0);
		assert_memory_equal(t.octets.p, c->octets, t.octets.len);
		assert_true(ms_span_eq(t.wildcard, ms_span_of(c->wildcard, c->wildcards)));
		t.name = MS_SPAN_NULL;
		assert_int_equal(ms_h248_termination_to_text(&reg, &t, &a), 0);
		assert_true(ms_span_is(t.name, c->name));
	}
	ms_h248_arena_done(&a);
}

static void test_terminations_refused(void **state)
{
	static const struct {
		const char *name;
		int err;
	} bad[] = {
		{ "", -EINVAL },
		{ "tdm/1", -EINVAL },
		{ "ip/core/1/", -EINVAL },
		{ "ip/core/1/2097152", -EINVAL },
		{ "ip/core/1/2/3", -EINVAL },
		{ "ip/nowhere/1/2", -ENOENT },
		{ "ip/core/9/$", -ENOENT },
		{ "b/", -EINVAL },
		{ "b/123", -EINVAL },
		{ "b/112233445566778899", -EINVAL },
	};
	struct ms_h248_arena a;

	(void)state;
	ms_h248_arena_init(&a, 0);
	add_groups();
	for (size_t i = 0; i < MS_ARRAY_SIZE(bad); i++) {
		struct ms_h248_termination t = { .name = ms_span_str(bad[i].name) };
		assert_int_equal(ms_h248_termination_to_ber(&reg, &t, &a), bad[i].err);
		assert_int_equal(t.octets.len, 0);
	}
	ms_h248_arena_done(&a);
}

static void test_groups_are_bounded(void **state)
{
	char name[2] = "a";
	int err = 0;

	(void)state;
	for (int i = 0; i < 8 && err == 0; i++) {
		name[0] = (char)('0' + i);
		err = ms_h248_registry_add_group(&reg, MS_SPAN_LIT("core"), ms_span_of(name, 1));
	}
	assert_int_equal(err, 0);
	assert_int_equal(ms_h248_registry_add_group(&reg, MS_SPAN_LIT("core"), MS_SPAN_LIT("x")),
			 -ENOSPC);
	for (int i = 0; i < 31 && err == 0; i++) {
		name[0] = (char)('A' + i % 26);
		err = ms_h248_registry_add_group(
			&reg, ms_span_of(i < 26 ? name : "x7", i < 26 ? 1 : 2), MS_SPAN_LIT("1"));
	}
	assert_int_equal(err, 0);
	assert_int_equal(ms_h248_registry_add_group(&reg, MS_SPAN_LIT("a/b"), MS_SPAN_LIT("1")),
			 -EINVAL);
}

static int bind_once(void *arg)
{
	struct ms_h248_arena a;
	struct tree t;

	(void)arg;
	ms_h248_arena_init(&a, 0);
	grow(&t);
	int err = ms_h248_bind(&t.m, &reg, MS_H248_BIND_BER, &a, NULL);
	ms_h248_arena_done(&a);
	return err;
}

static void test_torture(void **state)
{
	(void)state;
	assert_true(ms_test_torture(bind_once, NULL) > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_every_item_is_found, setup),
		cmocka_unit_test_setup(test_lookup, setup),
		cmocka_unit_test_setup(test_override, setup),
		cmocka_unit_test_setup(test_override_refused, setup),
		cmocka_unit_test_setup(test_override_names_are_bounded, setup),
		cmocka_unit_test_setup(test_values, setup),
		cmocka_unit_test_setup(test_values_by_tag, setup),
		cmocka_unit_test_setup(test_values_refused, setup),
		cmocka_unit_test_setup(test_value_number, setup),
		cmocka_unit_test_setup(test_bind, setup),
		cmocka_unit_test_setup(test_bind_wildcards, setup),
		cmocka_unit_test_setup(test_bind_unknown, setup),
		cmocka_unit_test_setup(test_terminations, setup),
		cmocka_unit_test_setup(test_terminations_refused, setup),
		cmocka_unit_test_setup(test_groups_are_bounded, setup),
		cmocka_unit_test_setup(test_torture, setup),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
