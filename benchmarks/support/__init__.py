"""What benchmarks share: generated projects, recorded results, rivals, measuring."""
