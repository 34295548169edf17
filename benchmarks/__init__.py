"""Measures the budgets of docs/performance.md. Each module runs alone, too."""
