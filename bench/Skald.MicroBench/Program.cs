using BenchmarkDotNet.Running;
using Skald.MicroBench;

// dotnet run -c Release --project bench/Skald.MicroBench -- --filter '*' --job short --inProcess --artifacts artifacts/micro
BenchmarkSwitcher.FromTypes([typeof(CodecBenchmarks), typeof(FanOutBenchmarks), typeof(AppendBenchmarks)]).Run(args);
