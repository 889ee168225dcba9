%% SPDX-License-Identifier: Apache-2.0
%% erlang-text.escript RECODE: the messages Erlang/OTP megaco measures itself with, through our text codec
%% and back in each of our styles, decoded by megaco and compared with megaco's decoding of the original.
%% RECODE STYLE is our program that reads and writes messages behind lengths of 4 octets.
-module(erlang_text).

main([Recode]) ->
    case code:lib_dir(megaco, examples) of
        {error, _} -> skip("no erlang-megaco");
        Dir ->
            case file:consult(filename:join([Dir, "meas", "time_test.msgs"])) of
                {ok, Codecs} -> compare(Recode, proplists:get_value(pretty, Codecs));
                _ -> skip("no erlang-examples")
            end
    end.

skip(Why) ->
    io:format("skipped: ~s~n", [Why]),
    halt(77).

compare(Recode, Msgs) ->
    Results = [{N, S, From, one(Port, From, B)} ||
                  S <- ["0", "1", "2", "3"],
                  Port <- [open_port({spawn_executable, Recode}, [{args, [S]}, {packet, 4}, binary])],
                  {N, B} <- Msgs, From <- [pretty, compact]],
    Faults = [R || {_, _, _, F} = R <- Results, F =/= ok],
    [io:format("~p style ~s from ~p: ~p~n", [N, S, F, Why]) || {N, S, F, Why} <- Faults],
    io:format("~w messages, ~w ways, ~w differ~n", [length(Msgs), length(Results), length(Faults)]),
    halt(case {Faults, length(Msgs) > 100} of {[], true} -> 0; _ -> 1 end).

one(Port, From, Pretty) ->
    {ok, Term} = decode(Pretty),
    {ok, V} = megaco_pretty_text_encoder:version_of([], Pretty),
    Octets = case From of
                 pretty -> Pretty;
                 compact -> {ok, C} = megaco_compact_text_encoder:encode_message([], V, Term), C
             end,
    Port ! {self(), {command, Octets}},
    receive {Port, {data, Ours}} ->
            case decode(Ours) of
                {ok, Again} ->
                    case sorted(Again) =:= sorted(Term) of
                        true -> ok;
                        false -> {differs, Ours}
                    end;
                _ -> {not_read, Ours}
            end
    after 10000 -> timeout
    end.

decode(Octets) ->
    case catch megaco_pretty_text_encoder:version_of([], Octets) of
        {ok, V} -> catch megaco_pretty_text_encoder:decode_message([], V, Octets);
        Other -> Other
    end.

%% The order of descriptors in a command means nothing, and we write them in ours. Values of lists keep theirs.
sorted({'AmmRequest', T, Ds}) -> {'AmmRequest', T, lists:sort(sorted(Ds))};
sorted({terminationAudit, L}) when is_list(L) -> {terminationAudit, lists:sort(sorted(L))};
sorted({Result, T, L}) when Result =:= 'AuditResult'; Result =:= 'TermListAuditResult' ->
    {Result, T, lists:sort(sorted(L))};
sorted({'AuditDescriptor', T, P}) ->
    {'AuditDescriptor', listed(T), listed(P)};
sorted(T) when is_tuple(T) -> list_to_tuple(sorted(tuple_to_list(T)));
sorted([H | T]) -> [sorted(H) | sorted(T)];
sorted(X) -> X.

listed(L) when is_list(L) -> lists:sort(sorted(L));
listed(X) -> X.
