"""What a comparison and a verdict look like: terminal, Markdown, JUnit, JSON and one annotation, from one record."""
