%% SPDX-License-Identifier: Apache-2.0
%% h248.escript SECONDS FOLDER: Erlang/OTP megaco's codecs on the messages it measures itself with, each
%% codec in each of its configurations. Writes the messages of each coding to FOLDER/pretty, /compact and
%% /binary, each behind its length of 4 octets, and prints a line for each configuration:
%%   CODING CONFIGURATION DECODED_PER_SECOND ENCODED_PER_SECOND MESSAGES      (seconds of CPU)
-mode(compile).

main([SecondsText, Folder]) ->
    Seconds = list_to_integer(SecondsText),
    File = filename:join([code:lib_dir(megaco, examples), "meas", "time_test.msgs"]),
    {ok, Codecs} = file:consult(File),
    Pretty = [B || {_, B} <- proplists:get_value(pretty, Codecs)],
    Terms = [decoded(megaco_pretty_text_encoder, [], B) || B <- Pretty],
    Flex = case catch megaco_flex_scanner:start() of
               {ok, Port} -> [{"flex", [{flex, Port}]}];
               _ -> []
           end,
    [coding(Name, Module, [{"plain", []} | More], Terms, Seconds, Folder) ||
        {Name, Module, More} <- [{"pretty", megaco_pretty_text_encoder, Flex},
                                 {"compact", megaco_compact_text_encoder, Flex},
                                 {"binary", megaco_ber_encoder, [{"native", [native]}]}]].

decoded(Module, Conf, B) ->
    {ok, V} = Module:version_of(Conf, B),
    {ok, T} = Module:decode_message(Conf, V, B),
    {V, T}.

coding(Name, Module, Confs, Terms, Seconds, Folder) ->
    All = [{V, T, catch Module:encode_message([], V, T)} || {V, T} <- Terms],
    %% What is encoded is what this coding decoded: the terms of one have details of its own.
    Good = [{V, T2, B} || {V, _, {ok, B}} <- All, {ok, T2} <- [catch Module:decode_message([], V, B)]],
    ok = file:write_file(filename:join(Folder, Name), [[<<(size(B)):32>>, B] || {_, _, B} <- Good]),
    [begin
         D = rate(fun() -> [{ok, _} = Module:decode_message(C, V, B) || {V, _, B} <- Good] end, length(Good), Seconds),
         E = rate(fun() -> [{ok, _} = Module:encode_message(C, V, T) || {V, T, _} <- Good] end, length(Good), Seconds),
         io:format("~s ~s ~w ~w ~w~n", [Name, Conf, round(D), round(E), length(Good)])
     end || {Conf, C} <- Confs].

%% 0: this configuration cannot do it (megaco's native BER encoder and wildcards)
rate(Do, N, Seconds) ->
    case catch Do() of
        {'EXIT', _} -> 0;
        _ -> measured(Do, N, Seconds)
    end.

measured(Do, N, Seconds) ->
    erlang:garbage_collect(),
    {C0, _} = statistics(runtime),
    Rounds = repeat(Do, erlang:monotonic_time(millisecond) + 1000 * Seconds, 0),
    {C1, _} = statistics(runtime),
    Rounds * N * 1000 / max(1, C1 - C0).

repeat(Do, End, N) ->
    Do(),
    case erlang:monotonic_time(millisecond) >= End of
        true -> N + 1;
        false -> repeat(Do, End, N + 1)
    end.
