"""What CI systems read: JUnit, SARIF, GitHub's annotations, Markdown, GitLab's code quality; and the baseline."""
