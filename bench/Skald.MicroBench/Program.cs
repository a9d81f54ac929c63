using BenchmarkDotNet.Running;
using Skald.MicroBench;

// dotnet run -c Release --project bench/Skald.MicroBench -- --filter '*'
BenchmarkSwitcher.FromTypes([typeof(CodecBenchmarks), typeof(FanOutBenchmarks), typeof(AppendBenchmarks)]).Run(args);
